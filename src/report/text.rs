//! The terminal, within 80 columns: several contestants in a table, one in full.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::format::Format;
use super::terminal::{BOLD, DIM, WARN, painted, warned, wrapped};
pub(crate) use crate::findings::load_line::about;
pub(crate) use crate::findings::summary::{groups, quantile_text};
use crate::findings::units::{bytes, count, digits};
use crate::findings::warnings::warnings;
pub(crate) use crate::findings::{Summary, Warning, load_line, search_sentences, sentences};
use crate::record::{Mode, Record, SearchInfo};
use crate::report::details::server;

pub(crate) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn render(&self, record: &Record) -> String {
        let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
        let mut out = Vec::new();
        if record.interrupted {
            out.push(painted(WARN, "Ended early: this is what was complete."));
        }
        if summaries.is_empty() {
            out.push("No trial was completed.".to_owned());
        }
        out.extend(search_sentences::groups(record).map(|group| searched(record, group)));
        if !record.searches.is_empty() {
            let warnings = further_warnings(&summaries);
            out.extend((!warnings.is_empty()).then(|| warnings.join("\n")));
        }
        // Their steps are told there.
        let alone = record.searches.is_empty();
        let mut last = None;
        for group in groups(&summaries).filter(|_| alone) {
            let scenario = group[0].cell.scenario.as_deref();
            if scenario != last {
                out.extend(scenario.map(|name| heading(record, name)));
                last = scenario;
            }
            match group {
                [one] => out.push(server::in_full(one)),
                several => out.push(compared(several)),
            }
        }
        for left_out in &record.left_out {
            out.push(
                warned(&format!("Left out: {left_out}."), "")
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
        out.join("\n\n") + "\n"
    }
}

/// A scenario's name and what it is.
fn heading(record: &Record, name: &str) -> String {
    let lines = wrapped(&about(record, name), "");
    let lines = lines.iter().map(|line| painted(BOLD, line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Several contestants under one load.
fn compared(group: &[Summary<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "",
        "requests/s",
        "p50",
        "p99",
        "CPU a req.",
        "memory",
        "served",
    ]);
    for summary in group {
        let bound = if summary.limited { "≥ " } else { "" };
        let rate = format!(
            "{bound}{}",
            count(summary.throughput_rps.median.round() as u64)
        );
        let none = || "–".to_owned();
        table.add_row([
            short(summary.name()),
            rate,
            quantile_text(summary.latency(0.5, |trial| trial.latency_ns.p50)),
            quantile_text(summary.latency(0.99, |trial| trial.latency_ns.p99)),
            summary
                .cpu_us
                .map_or_else(none, |figure| format!("{} µs", digits(figure.median))),
            summary
                .pss_bytes
                .map_or_else(none, |figure| bytes(figure.median)),
            format!("{}/{}", summary.served, summary.asked),
        ]);
    }
    table
        .column_iter_mut()
        .skip(1)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    let load = wrapped(&load_line(group[0].cell), "");
    let mut lines: Vec<String> = load.iter().map(|line| painted(BOLD, line)).collect();
    lines.push(String::new());
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        lines.push(if at == 0 {
            painted(DIM, line)
        } else {
            line.to_owned()
        });
    }
    lines.push(String::new());
    let note = match group[0].cell.load.mode {
        _ if group[0].cell.load.then.is_some() => {
            "An overload has no quantiles: they would only say how long it lasted."
        }
        Mode::Closed => {
            "p50 and p99 are at saturation: they restate throughput and do not rank models."
        }
        Mode::Constant | Mode::Poisson => {
            "p50 and p99 are response times, from the planned send, at the same rate for all."
        }
    };
    lines.push(painted(DIM, note));
    for sentence in sentences::closing(group) {
        lines.extend(wrapped(&sentence, ""));
    }
    lines.extend(further_warnings(group));
    lines.join("\n")
}

/// Searches under one load: the answers, then the steps of each.
fn searched(record: &Record, group: &[SearchInfo]) -> String {
    let mut lines: Vec<String> = wrapped(&search_sentences::heading(record, &group[0]), "")
        .iter()
        .map(|line| painted(BOLD, line))
        .collect();
    lines.push(String::new());
    let answers = group.iter().map(search_sentences::answer);
    lines.extend(answers.flat_map(|answer| wrapped(&answer, "")));
    for search_sentences in group
        .iter()
        .filter(|search_sentences| !search_sentences.steps.is_empty())
    {
        lines.push(String::new());
        let pilot = count(search_sentences.pilot_rps.round() as u64);
        let name = &search_sentences.contestant;
        lines.push(painted(
            DIM,
            &format!("{name}, of which a closed loop gets {pilot}/s:"),
        ));
        for step in search_sentences::sorted(search_sentences) {
            let [rate, held, values] = search_sentences::row(search_sentences, step);
            lines.push(format!("{rate:>12}  {held:<5}  {values}"));
        }
    }
    lines.join("\n")
}

/// A command can be long; the table keeps its width.
pub(crate) fn short(name: &str) -> String {
    const MOST: usize = 18;
    if name.chars().count() <= MOST {
        name.to_owned()
    } else {
        name.chars().take(MOST - 1).chain(['…']).collect()
    }
}

/// What speaks against trials, beyond what the table and the sentences say already.
fn further_warnings(group: &[Summary<'_>]) -> Vec<String> {
    let said = |doubt: &Warning<'_>| {
        doubt.reason.starts_with("the load generator was the limit")
            || doubt.reason.starts_with("offered ")
    };
    let new = warnings(group).into_iter().filter(|doubt| !said(doubt));
    new.flat_map(|doubt| warned(&doubt.sentence(true), ""))
        .collect()
}
