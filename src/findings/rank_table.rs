//! The generators (ranks) of a load that several made, as a table, the same in all formats.

use super::summary::Summary;
use super::units::{count, time};
use crate::record::{RankName, RankSide, ValidityFinding};

const COLUMNS: usize = 8;
/// The most ranks that a table shows; the record has all.
const MOST_ROWS: usize = 32;

/// What the columns are.
const HEADS: &str = "Busy is the share of the window that its busiest thread used a core; send p99 is its \
                     scheduling delay; clock is the offset from that of rank 0.";

/// The table of the ranks of one cell, as text without any layout.
pub(crate) struct RankTable {
    pub(crate) head: [&'static str; COLUMNS],
    /// One row per rank: those that a check names first, then by their number.
    pub(crate) rows: Vec<[String; COLUMNS]>,
    /// What the columns are, and how many rows are left out.
    pub(crate) note: String,
}

/// The ranks of the last trial of a cell; `None` if one generator made its load.
pub(crate) fn rank_table(summary: &Summary<'_>) -> Option<RankTable> {
    let trial = summary.trials().last()?;
    let mut ranks: Vec<&RankSide> = trial.ranks.iter().collect();
    if ranks.is_empty() {
        return None;
    }
    let findings = &trial.validity.findings;
    ranks.sort_by_key(|rank| (mark(findings, rank.rank).is_empty(), rank.rank));
    let row = |rank: &&RankSide| row(rank, mark(findings, rank.rank));
    let left_out = ranks.len().saturating_sub(MOST_ROWS);
    let mut note = Vec::new();
    if summary.trials().len() > 1 {
        note.push("Figures of the last trial.".to_owned());
    }
    if left_out > 0 {
        note.push(format!("The record has {} more.", count(left_out as u64)));
    }
    note.push(HEADS.to_owned());
    Some(RankTable {
        head: [
            "rank", "host", "requests", "req./s", "busy", "send p99", "clock", "",
        ],
        rows: ranks.iter().take(MOST_ROWS).map(row).collect(),
        note: note.join(" "),
    })
}

/// What a check found of a rank.
fn mark(findings: &[ValidityFinding], rank: usize) -> &'static str {
    let names = |finding: &ValidityFinding| match finding {
        ValidityFinding::SaturatedRanks { ranks, .. } if names(ranks, rank) => Some("saturated"),
        ValidityFinding::Stragglers { ranks, .. } if names(ranks, rank) => Some("straggler"),
        _ => None,
    };
    findings.iter().find_map(names).unwrap_or("")
}

fn names(ranks: &[RankName], rank: usize) -> bool {
    ranks.iter().any(|name| name.rank == rank)
}

fn row(rank: &RankSide, mark: &str) -> [String; COLUMNS] {
    let dash = || "–".to_owned();
    let lag = rank.lag_ns.p99;
    let lag = lag.map_or_else(dash, |ns| time(ns as f64));
    let offset = rank.clock.and_then(|clock| clock.offset_s);
    let offset = offset.map_or_else(dash, |seconds| {
        let sign = if seconds < 0.0 { "−" } else { "" };
        format!("{sign}{}", time(seconds.abs() * 1e9))
    });
    [
        rank.rank.to_string(),
        rank.host.clone(),
        count(rank.requests),
        count(rank.throughput_rps.round() as u64),
        format!("{:.0} %", rank.busy_fraction * 100.0),
        lag,
        offset,
        mark.to_owned(),
    ]
}
