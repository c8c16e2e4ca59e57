//! The table that compares several servers under one load, the same in all formats.

use super::summary::{Summary, quantile_text};
use super::units::{bytes, count, digits};
use crate::record::Mode;

const COLUMNS: usize = 7;
/// Marks the throughput of a server that has only a trial which was ended early.
pub(crate) const EARLY_MARK: &str = "* ";

/// A comparison table as text, without any layout.
pub(crate) struct ComparisonTable {
    pub(crate) head: [&'static str; COLUMNS],
    /// One row per server. The first column is its name.
    pub(crate) rows: Vec<[String; COLUMNS]>,
}

/// The table of servers under one load, in the order of `group`.
pub(crate) fn comparison(group: &[Summary<'_>]) -> ComparisonTable {
    ComparisonTable {
        head: [
            "model",
            "requests/s",
            "p50",
            "p99",
            cpu_head(group),
            "memory",
            "served",
        ],
        rows: group.iter().map(row).collect(),
    }
}

/// At saturation, CPU per request is not comparable across servers, since each has its own rate.
fn cpu_head(group: &[Summary<'_>]) -> &'static str {
    let mut modes = group.iter().map(|summary| summary.cell.load.mode);
    if modes.any(|mode| mode == Mode::Closed) {
        "CPU per request at saturation"
    } else {
        "CPU per request"
    }
}

fn row(summary: &Summary<'_>) -> [String; COLUMNS] {
    let bound = if summary.limited { "≥ " } else { "" };
    let mark = if summary.is_interrupted() {
        EARLY_MARK
    } else {
        ""
    };
    let rate = count(summary.throughput_rps.median.round() as u64);
    let none = || "–".to_owned();
    let cpu = summary.cpu_us;
    let memory = summary.pss_bytes;
    [
        summary.name().to_owned(),
        format!("{mark}{bound}{rate}"),
        quantile_text(summary.latency(0.5, |trial| trial.latency_ns.p50)),
        quantile_text(summary.latency(0.99, |trial| trial.latency_ns.p99)),
        cpu.map_or_else(none, |figure| format!("{} µs", digits(figure.median))),
        memory.map_or_else(none, |figure| bytes(figure.median)),
        format!("{}/{}", summary.served, summary.asked),
    ]
}
