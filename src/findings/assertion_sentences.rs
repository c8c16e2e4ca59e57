//! The conditions of `--assert` in words: one table that all formats show.

use super::units::{bytes, count, digits, rate, some, time};
use crate::record::{
    AssertCell, AssertDoubt, AssertInfo, AssertUnit, AssertVerdict, Cell, Mode, Record,
};

/// A condition on one server under one load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertRow {
    /// The condition as it was given.
    pub condition: String,
    /// The server and its load.
    pub subject: String,
    /// The figure, with its interval over trials.
    pub figure: String,
    /// Whether it holds.
    pub verdict: AssertVerdict,
    /// Why it is undecided, and what to do; empty if it is decided.
    pub note: &'static str,
}

impl AssertRow {
    /// `VIOLATED: p99<10ms: async, 64 clients: 12.1 ms`, in one line.
    pub fn line(&self) -> String {
        let parts = [
            word(self.verdict),
            &self.condition,
            &self.subject,
            &self.figure,
            self.note,
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    }
}

/// The verdict as a word; those that need attention in capitals.
pub fn word(verdict: AssertVerdict) -> &'static str {
    match verdict {
        AssertVerdict::Holds => "holds",
        AssertVerdict::Undecided => "UNDECIDED",
        AssertVerdict::Violated => "VIOLATED",
    }
}

/// The conditions of a record, those that are violated first; then those that are undecided.
pub fn rows(record: &Record) -> Vec<AssertRow> {
    let mut rows: Vec<AssertRow> = record
        .asserts
        .iter()
        .flat_map(|info| rows_of(info, &record.cells))
        .collect();
    // Stable: conditions with the same verdict keep their order.
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    rows
}

fn rows_of(info: &AssertInfo, cells: &[Cell]) -> Vec<AssertRow> {
    if info.cells.is_empty() {
        return vec![AssertRow {
            condition: info.assertion.text.clone(),
            subject: String::new(),
            figure: String::new(),
            verdict: info.verdict,
            note: "no load of this measurement gives the figure",
        }];
    }
    let unit = info.assertion.metric.unit();
    let row = |found: &AssertCell| AssertRow {
        condition: info.assertion.text.clone(),
        subject: cells.get(found.cell).map(subject).unwrap_or_default(),
        figure: figure(found, unit),
        verdict: found.verdict,
        note: found.doubt.map_or("", note),
    };
    info.cells.iter().map(row).collect()
}

/// How many conditions hold; `None` if there is none.
pub fn sentence(record: &Record) -> Option<String> {
    let all = record.asserts.len() as u64;
    let number = |verdict| {
        let asserts = record.asserts.iter();
        asserts.filter(|info| info.verdict == verdict).count() as u64
    };
    let violated = number(AssertVerdict::Violated);
    let undecided = number(AssertVerdict::Undecided);
    let of_all = |part: u64, what: &str| {
        let is = if part == 1 { "is" } else { "are" };
        format!("{part} of {} {is} {what}", some(all, "assertion"))
    };
    Some(match (all, violated, undecided) {
        (0, _, _) => return None,
        (1, 0, 0) => "The assertion holds.".to_owned(),
        (_, 0, 0) => format!("All {all} assertions hold."),
        (_, 0, _) => of_all(undecided, "undecided") + ".",
        (_, _, 0) => of_all(violated, "violated") + ".",
        (_, _, _) => format!("{}, {undecided} undecided.", of_all(violated, "violated")),
    })
}

/// The server and its load in a few words: `async, churn, 64 clients, 20,000/s`.
pub fn subject(cell: &Cell) -> String {
    let load = &cell.load;
    let scenario = cell.scenario.as_ref();
    let open = load.rate_rps.filter(|_| load.mode != Mode::Closed);
    let parts = [
        Some(cell.contestant.name.clone()),
        scenario.cloned(),
        Some(some(load.clients as u64, "client")),
        open.map(|rate_rps| format!("{}/s", count(rate_rps.round() as u64))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// `12.1 ms (11.0 ms to 13.2 ms, 6 trials)`.
fn figure(found: &AssertCell, unit: AssertUnit) -> String {
    let text = |value: f64| match unit {
        AssertUnit::LatencyNs => time(value),
        AssertUnit::CpuUs => format!("{} µs", digits(value)),
        AssertUnit::PerSecond => rate(value),
        AssertUnit::Bytes => bytes(value),
        AssertUnit::Count => count(value as u64),
    };
    let Some(value) = found.figure else {
        return String::new();
    };
    let interval = match (found.low, found.high) {
        // Ends that differ by rounding only are no interval.
        (Some(low), Some(high)) if text(low) == text(high) => None,
        (None | Some(0.0), Some(high)) => Some(format!("{} at most", text(high))),
        (Some(low), None) => Some(format!("{} at least", text(low))),
        (Some(low), Some(high)) => Some(format!("{} to {}", text(low), text(high))),
        (None, None) => Some("no bound is known".to_owned()),
    };
    let trials = (found.trials > 1).then(|| some(found.trials as u64, "trial"));
    let notes: Vec<String> = interval.into_iter().chain(trials).collect();
    if notes.is_empty() {
        text(value)
    } else {
        format!("{} ({})", text(value), notes.join(", "))
    }
}

/// Why a condition is undecided, and what to do.
fn note(doubt: AssertDoubt) -> &'static str {
    match doubt {
        AssertDoubt::NoTrial => "no trial was completed",
        AssertDoubt::NotMeasured => "not measured: let rpcbench start the server (--exec)",
        AssertDoubt::FewSamples => {
            "too few requests for this quantile: use a longer --duration or a higher rate"
        }
        AssertDoubt::LowerBound => "requests without a reply make it a lower bound",
        AssertDoubt::Starved => "some clients were never served, so their times are unknown",
        AssertDoubt::OverCapacity => {
            "the rate was over capacity, so it grows with --duration: use a lower rate"
        }
        AssertDoubt::GeneratorLimited => {
            "the load generator was the limit, so the server may be better: use a --rate, or more \
             --client-threads"
        }
        AssertDoubt::SchedulingDelay => {
            "it contains scheduling delay of the generator, so the server may be better: use fewer \
             --client-threads or a machine with more cores"
        }
        AssertDoubt::HypervisorSteal => {
            "the hypervisor took time from the machine, so the server may be better: measure again"
        }
        AssertDoubt::StillConnecting => "connections were still being made: use a longer --warmup",
        AssertDoubt::LittlesLaw => "the figures contradict each other: see the warning",
        AssertDoubt::Trend => {
            "it changed over the window (the warnings of the trials say why): use a longer --duration, or more --trials"
        }
        AssertDoubt::HistogramOverflow => "times were beyond the maximum of the histograms",
        AssertDoubt::Suspect => "a trial is suspect: see the warning",
        AssertDoubt::Invalid => "a trial is invalid: see the warning",
        AssertDoubt::EndedEarly => "the trial was ended early",
        AssertDoubt::Spread => "the trials differ too much for their number: use more --trials",
    }
}
