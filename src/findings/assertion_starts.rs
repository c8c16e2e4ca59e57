//! Conditions of `--assert` on the candidate of a check, for the starts of which the record has no
//! trial: the server did not start or ended, or the start was added to a pair.

use crate::record::{
    AssertInfo, AssertMetric, AssertVerdict, CheckInfo, FailureKind, LoadPair, Part, Role,
    SideFailure,
};

/// Counts what failed in such starts in the conditions on errors and clients. A condition that this
/// violates is violated; no other verdict changes.
pub fn count_starts(asserts: &mut [AssertInfo], check: &CheckInfo) {
    for info in asserts {
        for part in &check.parts {
            let starts = part.pairs.iter().flat_map(|pair| &pair.loads);
            for start in starts {
                count_start(info, part, start);
            }
        }
    }
}

fn count_start(info: &mut AssertInfo, part: &Part, start: &LoadPair) {
    let Some(figure) = figure(info.assertion.metric, part.clients, start) else {
        return;
    };
    if info.assertion.allows(figure) {
        return;
    }
    let load = part.loads.iter().find(|load| load.load == start.load);
    let cell = load.map(|load| load.cells[1]);
    let concerned = info.cells.iter_mut().find(|own| Some(own.cell) == cell);
    let Some(concerned) = concerned else {
        return;
    };
    let is_less_better = info.assertion.metric.is_less_better();
    let is_worse = |own: f64| (own < figure) == is_less_better;
    // A trial may have failed more than this start.
    let is_shown =
        concerned.verdict == AssertVerdict::Violated && !concerned.figure.is_none_or(is_worse);
    if !is_shown {
        let figure = Some(figure);
        (concerned.figure, concerned.low, concerned.high) = (figure, figure, figure);
        (concerned.verdict, concerned.doubt) = (AssertVerdict::Violated, None);
    }
    if info.verdict != AssertVerdict::Violated || info.figure.is_none_or(is_worse) {
        (info.verdict, info.figure) = (AssertVerdict::Violated, Some(figure));
    }
}

/// What is known of a start of the candidate without a trial; `None` where nothing is.
fn figure(metric: AssertMetric, clients: usize, start: &LoadPair) -> Option<f64> {
    let failures = || {
        let all = start.failures.iter();
        all.filter(|failure| failure.side == Role::Candidate)
    };
    let sum = |is_counted: fn(&SideFailure) -> bool| -> u64 {
        let counted = failures().filter(|failure| is_counted(failure));
        counted.map(|failure| failure.count).sum()
    };
    let has = |kind: FailureKind| failures().any(|failure| failure.kind == kind);
    let has_ended = has(FailureKind::NotStarted) || has(FailureKind::Died);
    if !has_ended && !start.added {
        // The trial says it.
        return None;
    }
    let unserved = match has_ended || has(FailureKind::NoReplies) {
        true => clients as u64,
        false => sum(|failure| failure.kind == FailureKind::ClientsUnserved),
    };
    let count = match metric {
        // At least one: the connections end with the server.
        AssertMetric::Errors => sum(is_error) + u64::from(has_ended),
        AssertMetric::Unserved => unserved,
        AssertMetric::Served => clients as u64 - unserved.min(clients as u64),
        AssertMetric::Unanswered => sum(|failure| failure.kind == FailureKind::MissingReplies),
        AssertMetric::Response(_)
        | AssertMetric::Service(_)
        | AssertMetric::Throughput
        | AssertMetric::Cpu
        | AssertMetric::Memory => return None,
    };
    Some(count as f64)
}

fn is_error(failure: &SideFailure) -> bool {
    matches!(
        failure.kind,
        FailureKind::WrongReplies
            | FailureKind::Connects
            | FailureKind::Resets
            | FailureKind::Timeouts
    )
}
