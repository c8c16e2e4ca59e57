//! The results of a check, in sentences.

use crate::record::{CheckInfo, Finding, Method, Metric, Outcome, Part};

/// The outcome in capitals, such as `REGRESSED`.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Regressed => "REGRESSED",
        Outcome::Invalid => "INVALID",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::Pass => "PASS",
        Outcome::Improved => "IMPROVED",
    }
}

/// The name of a metric for people.
pub(crate) fn title(finding: &Finding) -> &'static str {
    match finding.metric {
        Metric::CpuUsPerRequest => "CPU per request",
        Metric::Throughput => "throughput",
        Metric::P99 => "p99",
        Metric::P50 => "p50",
        Metric::P95 => "p95",
    }
}

/// The name of a part: `async, 64 clients`; with a scenario `async, churn, 64 clients`.
pub(crate) fn of(part: &Part) -> String {
    let scenario = part.scenario.as_ref().map(|name| format!("{name}, "));
    let scenario = scenario.unwrap_or_default();
    format!("{}, {scenario}{} clients", part.name, part.clients)
}

/// A ratio over 1 is worse; returned as `+4.2 %`, or `n/a` if there is no finite bound.
pub(crate) fn change(worse: f64) -> String {
    const LIMIT: f64 = 10_000.0;
    if (1.0 / LIMIT..LIMIT).contains(&worse) {
        format!("{:+.1} %", (worse - 1.0) * 100.0)
    } else {
        "n/a".to_owned()
    }
}

/// The outcome of a finding in words.
pub(crate) fn shows(finding: &Finding) -> String {
    let margin = (finding.margin * 100.0).round();
    let bound = change(finding.bound);
    match finding.outcome {
        Outcome::Pass => format!("no slowdown over {margin} % (bound {bound})"),
        Outcome::Inconclusive => {
            format!("a slowdown over {margin} % is not ruled out (bound {bound})")
        }
        Outcome::Regressed => "significantly worse".to_owned(),
        Outcome::Improved => "significantly better".to_owned(),
        Outcome::Invalid => "measurement not valid".to_owned(),
    }
}

/// The verdict of the check in one sentence.
pub(crate) fn sentence(check: &CheckInfo) -> String {
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let looks = match (check.method, check.looks.len()) {
        (Method::Anytime, _) => String::new(),
        (Method::Looks, 1) => ", one look".to_owned(),
        (Method::Looks, many) => format!(", {many} looks"),
    };
    format!(
        "{}: candidate against {}, {pairs} interleaved pairs{looks}",
        word(check.outcome),
        check.baseline
    )
}

/// Notes that explain the figures of a part.
pub(crate) fn notes(part: &Part) -> Vec<String> {
    let mut notes = part.reasons.clone();
    for finding in part.findings.iter() {
        if let Some(reason) = &finding.advisory {
            notes.push(format!("{} is advisory: {}", title(finding), reason.text()));
        }
    }
    let is_large = |ratio: f64| !(0.95..=1.05).contains(&ratio);
    if let Some(effect) = part.order_effect.filter(|effect| is_large(*effect)) {
        notes.push(format!(
            "the side measured first used {} CPU per request; the random order evens this out",
            change(effect)
        ));
    }
    if let Some(drift) = part.drift.filter(|drift| is_large(*drift)) {
        notes.push(format!(
            "the machine drifted: the baseline's CPU per request changed by {} during the check",
            change(drift)
        ));
    }
    if part.redone > 0 {
        let again = if part.findings.is_empty() {
            ""
        } else {
            " and measured again"
        };
        notes.push(format!("{} pairs were discarded{again}", part.redone));
    }
    notes
}
