//! The results of a check, in sentences.

use crate::record::{Advisory, CheckInfo, Finding, Method, Metric, Outcome, Part};

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
        Metric::CpuUsPerRequest if finding.advisory == Some(Advisory::AtSaturation) => {
            "CPU, saturated"
        }
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

/// For a metric that is inconclusive: what its pairs could show, and what to do.
pub(crate) fn outlook(finding: &Finding) -> Option<String> {
    let is_open = finding.gated && finding.outcome == Outcome::Inconclusive;
    let power = finding.power.filter(|_| is_open)?;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let visible = match power.visible {
        Some(visible) => format!(
            "{} pairs show a change of {}",
            finding.pairs.len(),
            percent(visible)
        ),
        None => format!("{} pairs are too few to show a change", finding.pairs.len()),
    };
    let needed = match power.pairs_for_margin {
        Some(pairs) => format!(
            "a pass at the margin of {} takes about {pairs} pairs: add some with --resume, or give a longer --budget",
            percent(finding.margin)
        ),
        None => format!(
            "no number of pairs up to 1,000 passes at the margin of {}: use a wider --margin or a quieter machine",
            percent(finding.margin)
        ),
    };
    Some(format!(
        "{}: its pairs vary by {} (standard deviation); {visible}; {needed}",
        title(finding),
        percent(power.sigma)
    ))
}

/// Notes that explain the figures of a part.
pub(crate) fn notes(part: &Part) -> Vec<String> {
    let mut notes = part.reasons.clone();
    for finding in part.findings.iter() {
        if let Some(reason) = &finding.advisory {
            notes.push(format!("{} is advisory: {}", title(finding), reason.text()));
        }
    }
    notes.extend(part.findings.iter().filter_map(outlook));
    for finding in part.findings.iter().filter(|finding| finding.gated) {
        if finding.delayed_pairs * 2 > finding.pairs.len() {
            notes.push(format!(
                "in {} of {} pairs over 10 % of {} was scheduling delay of the generator: a change of the server shows smaller; give the generator cores of its own (--client-cpus, --server-cpus)",
                finding.delayed_pairs,
                finding.pairs.len(),
                title(finding)
            ));
        }
        let slow = finding
            .slow_starts
            .filter(|slow| slow.starts[1] > slow.starts[0]);
        if let Some(slow) = slow {
            notes.push(format!(
                "{}: {} of {} starts of the candidate were over twice as slow as usual, and {} of the baseline; the mean is {}",
                title(finding),
                slow.starts[1],
                slow.of,
                slow.starts[0],
                change(finding.mean.unwrap_or(finding.worse))
            ));
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
