//! A table for a README or a pull request.

use super::summary::{Shown, Summary, doubts};
use super::units::{bytes, count, digits, time};
use super::{Format, text, words};
use crate::record::Record;

pub(super) struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, record: &Record) -> String {
        let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
        let mut out = String::new();
        if record.interrupted {
            out.push_str("**Ended early: this is what was complete.**\n\n");
        }
        for group in text::groups(&summaries) {
            out.push_str(&format!("**{}**\n\n", text::load_line(group[0].cell)));
            out.push_str("| model | requests/s | p50 | p99 | CPU a request | memory | served |\n");
            out.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
            group.iter().for_each(|summary| out.push_str(&row(summary)));
            out.push('\n');
            let doubts = doubts(group).into_iter().map(|doubt| doubt.sentence(true));
            let sentences: Vec<String> = words::closing(group).into_iter().chain(doubts).collect();
            sentences
                .iter()
                .for_each(|sentence| out.push_str(&format!("- {sentence}\n")));
            if !sentences.is_empty() {
                out.push('\n');
            }
        }
        out.push_str(&format!("{}\n", text::provenance(record)));
        out
    }
}

fn row(summary: &Summary<'_>) -> String {
    let none = || "–".to_owned();
    format!(
        "| {} | {}{} | {} | {} | {} | {} | {} of {} |\n",
        summary.name().replace('|', "\\|"),
        if summary.limited { "≥ " } else { "" },
        count(summary.throughput_rps.median.round() as u64),
        quantile(summary.latency(0.5, |trial| trial.latency_ns.p50)),
        quantile(summary.latency(0.99, |trial| trial.latency_ns.p99)),
        summary
            .cpu_us
            .map_or_else(none, |figure| format!("{} µs", digits(figure.median))),
        summary
            .pss_bytes
            .map_or_else(none, |figure| bytes(figure.median)),
        count(summary.served as u64),
        count(summary.cell.load.clients as u64),
    )
}

/// A quantile in words.
pub(super) fn quantile(shown: Shown) -> String {
    match shown {
        Shown::Is(ns) => time(ns),
        Shown::Over(ns) => format!(">{}", time(ns)),
        Shown::Starved => "starved".to_owned(),
        Shown::TooFew => "–".to_owned(),
    }
}
