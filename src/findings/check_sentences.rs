//! What a check shows, in sentences.

use crate::record::{CheckInfo, Finding, Outcome, Part};

/// `REGRESSED`.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Regressed => "REGRESSED",
        Outcome::Invalid => "INVALID",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::Pass => "PASS",
        Outcome::Improved => "IMPROVED",
    }
}

/// What a metric is called.
pub(crate) fn title(finding: &Finding) -> &'static str {
    match finding.metric.as_str() {
        "cpu_us_per_request" => "CPU a request",
        "throughput" => "throughput",
        "p99" => "p99",
        _ => "p50",
    }
}

/// `async, 64 clients`; of a scenario `async, churn, 64 clients`.
pub(crate) fn of(part: &Part) -> String {
    let scenario = part.scenario.as_ref().map(|name| format!("{name}, "));
    let scenario = scenario.unwrap_or_default();
    format!("{}, {scenario}{} clients", part.name, part.clients)
}

/// How many times worse, as `+4.2 %`.
pub(crate) fn change(worse: f64) -> String {
    const FURTHEST: f64 = 10_000.0;
    if (1.0 / FURTHEST..FURTHEST).contains(&worse) {
        format!("{:+.1} %", (worse - 1.0) * 100.0)
    } else {
        "any".to_owned()
    }
}

/// What a finding shows, in words.
pub(crate) fn shows(finding: &Finding) -> String {
    let margin = (finding.margin * 100.0).round();
    let bound = change(finding.bound);
    match finding.outcome {
        Outcome::Pass => format!("no slowdown over {margin} % (bound {bound})"),
        Outcome::Inconclusive => {
            format!("a slowdown over {margin} % is not ruled out (bound {bound})")
        }
        Outcome::Regressed => "worse, beyond chance".to_owned(),
        Outcome::Improved => "better, beyond chance".to_owned(),
        Outcome::Invalid => "not to be believed".to_owned(),
    }
}

/// The verdict in a sentence.
pub(crate) fn sentence(check: &CheckInfo) -> String {
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let looks = match check.looks.len() {
        1 => "one look".to_owned(),
        many => format!("{many} looks"),
    };
    format!(
        "{}: candidate against {}, {pairs} interleaved pairs, {looks}",
        word(check.outcome),
        check.baseline
    )
}

/// What is to be known beside the figures of a part.
pub(crate) fn notes(part: &Part) -> Vec<String> {
    let mut notes = part.reasons.clone();
    for finding in part.findings.iter() {
        if let Some(why) = &finding.advisory {
            notes.push(format!("{} is advisory: {why}", title(finding)));
        }
    }
    let far = |ratio: f64| !(0.95..=1.05).contains(&ratio);
    if let Some(effect) = part.order_effect.filter(|effect| far(*effect)) {
        notes.push(format!(
            "whichever went first needed {} CPU a request; the coin evens that out",
            change(effect)
        ));
    }
    if let Some(drift) = part.drift.filter(|drift| far(*drift)) {
        notes.push(format!(
            "the machine drifted: the baseline's CPU a request changed by {} meanwhile",
            change(drift)
        ));
    }
    if part.redone > 0 {
        notes.push(format!(
            "{} pairs were thrown away and measured again",
            part.redone
        ));
    }
    notes
}
