//! A table for a README or a pull request.

use super::format::Format;
use super::text;
use crate::findings::provenance::provenance;
use crate::findings::summary::quantile_text;
use crate::findings::units::{bytes, count, digits};
use crate::findings::warnings::warnings;
use crate::findings::{Summary, search_sentences, sentences};
use crate::record::{Record, SearchInfo};

pub(crate) struct Markdown;

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
        for group in search_sentences::groups(record) {
            out.push_str(&searched(record, group));
        }
        let alone = record.searches.is_empty();
        let mut last = None;
        for group in text::groups(&summaries).filter(|_| alone) {
            let scenario = group[0].cell.scenario.as_deref();
            if let Some(name) = scenario.filter(|_| scenario != last) {
                out.push_str(&format!("## {}\n\n", text::about(record, name)));
            }
            last = scenario;
            out.push_str(&format!("**{}**\n\n", text::load_line(group[0].cell)));
            out.push_str("| model | requests/s | p50 | p99 | CPU a request | memory | served |\n");
            out.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
            group.iter().for_each(|summary| out.push_str(&row(summary)));
            out.push('\n');
            let warnings = warnings(group)
                .into_iter()
                .map(|doubt| doubt.sentence(true));
            let sentences: Vec<String> = sentences::closing(group)
                .into_iter()
                .chain(warnings)
                .collect();
            sentences
                .iter()
                .for_each(|sentence| out.push_str(&format!("- {sentence}\n")));
            if !sentences.is_empty() {
                out.push('\n');
            }
        }
        for left_out in &record.left_out {
            out.push_str(&format!("- Left out: {left_out}.\n\n"));
        }
        out.push_str(&format!("{}\n", provenance(record)));
        out
    }
}

fn searched(record: &Record, group: &[SearchInfo]) -> String {
    let mut out = format!("**{}**\n\n", search_sentences::heading(record, &group[0]));
    let answers = group.iter().map(search_sentences::answer);
    answers.for_each(|answer| out.push_str(&format!("- {answer}\n")));
    out.push_str("\n| contestant | rate | | trials |\n|---|---:|---|---|\n");
    for search_sentences in group {
        for step in search_sentences::sorted(search_sentences) {
            let name = escaped(&search_sentences.contestant);
            let [rate, held, values] = search_sentences::row(search_sentences, step);
            out.push_str(&format!("| {name} | {rate} | {held} | {values} |\n"));
        }
    }
    out.push('\n');
    out
}

fn escaped(name: &str) -> String {
    name.replace('|', "\\|")
}

fn row(summary: &Summary<'_>) -> String {
    let none = || "–".to_owned();
    format!(
        "| {} | {}{} | {} | {} | {} | {} | {} of {} |\n",
        escaped(summary.name()),
        if summary.limited { "≥ " } else { "" },
        count(summary.throughput_rps.median.round() as u64),
        quantile_text(summary.latency(0.5, |trial| trial.latency_ns.p50)),
        quantile_text(summary.latency(0.99, |trial| trial.latency_ns.p99)),
        summary
            .cpu_us
            .map_or_else(none, |figure| format!("{} µs", digits(figure.median))),
        summary
            .pss_bytes
            .map_or_else(none, |figure| bytes(figure.median)),
        count(summary.served as u64),
        count(summary.asked as u64),
    )
}
