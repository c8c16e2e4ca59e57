//! The results of a check, in sentences.

use super::assertions::worst;
use super::check_failures::failures;
use super::check_table::{rows, word};
use super::check_words::{change, of_figures, sides, title, title_with_load};
use super::units::{some, span};
use crate::record::{
    Advisory, AssertVerdict, CheckInfo, Finding, Method, Metric, Outcome, Part, Record,
    STARTS_OF_A_PASS,
};

/// The headline has at most this number of facts.
const MOST_FACTS: usize = 3;

/// The name of a part: `async, 64 clients`; with a scenario `async, churn, 64 clients`.
pub(crate) fn of(part: &Part) -> String {
    let scenario = part.scenario.as_ref().map(|name| format!("{name}, "));
    let scenario = scenario.unwrap_or_default();
    format!(
        "{}, {scenario}{}",
        part.name,
        some(part.clients as u64, "client")
    )
}

/// The verdict of the check, and what it rests on: `REGRESSED: throughput at capacity 40 % lower`.
pub(crate) fn sentence(check: &CheckInfo) -> String {
    let deciding = check
        .parts
        .iter()
        .filter(|part| part.outcome == check.outcome);
    let facts = deciding.flat_map(|part| {
        let name = match check.parts.len() {
            1 => String::new(),
            _ => format!("{}: ", of(part)),
        };
        let facts = facts(check, part).into_iter();
        facts.map(move |fact| format!("{name}{fact}"))
    });
    let mut facts: Vec<String> = facts.collect();
    let more = facts.len().saturating_sub(MOST_FACTS);
    facts.truncate(MOST_FACTS);
    if more > 0 {
        facts.push(format!("and {more} more"));
    }
    if facts.is_empty() {
        facts.push(match check.outcome {
            Outcome::Pass | Outcome::Improved => {
                format!(
                    "{} is not worse by the margins{}",
                    sides(check)[1],
                    not_compared(check)
                )
            }
            Outcome::Regressed => format!("{} is worse", sides(check)[1]),
            Outcome::Inconclusive => "the pairs decide nothing".to_owned(),
            Outcome::Invalid => "the pairs cannot be used".to_owned(),
        });
    }
    format!("{}: {}", word(check.outcome), facts.join("; "))
}

/// The verdict with the conditions of `--assert`, and whether one of them is bad.
pub(crate) fn headline(record: &Record, check: &CheckInfo) -> (String, bool) {
    let is_good = matches!(check.outcome, Outcome::Pass | Outcome::Improved);
    let sentence = sentence(check);
    let found = match worst(&record.asserts) {
        Some(AssertVerdict::Violated) => "violated",
        Some(AssertVerdict::Undecided) => "undecided",
        Some(AssertVerdict::Holds) | None => return (sentence, !is_good),
    };
    let and = if is_good { "but" } else { "and" };
    (
        format!("{sentence}; {and} a condition of --assert is {found}"),
        true,
    )
}

/// The gated figures that the load generator limited: a pass says nothing of them.
fn not_compared(check: &CheckInfo) -> String {
    let findings = check.parts.iter().flat_map(|part| &part.findings);
    let limited = findings.filter(|finding| finding.advisory == Some(Advisory::GeneratorLimited));
    let mut names: Vec<&str> = limited.map(|finding| title(finding.metric)).collect();
    names.dedup();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "; {} could not be compared: the load generator was the limit",
        names.join(", ")
    )
}

/// What was compared: `candidate ./new against baseline ./old, 23 pairs in 88 s`.
pub(crate) fn compared(check: &CheckInfo) -> String {
    let [baseline, candidate] = sides(check);
    let named = |label: &str, what: &str| match what {
        "" => label.to_owned(),
        what if what == label => label.to_owned(),
        what => format!("{label} {what}"),
    };
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let most = check.parts.iter().map(|part| part.pairs.len()).max();
    let pairs = match most.filter(|most| *most > pairs) {
        Some(most) => format!("{pairs} to {}", some(most as u64, "interleaved pair")),
        None => some(pairs as u64, "interleaved pair"),
    };
    let looks = match (check.method, check.looks.len()) {
        (Method::Anytime, _) => String::new(),
        (Method::Looks, 1) => ", one look".to_owned(),
        (Method::Looks, many) => format!(", {many} looks"),
    };
    let time = check
        .took_s
        .map(|took_s| format!(" in {}", span(took_s.round())));
    format!(
        "{} against {}, {pairs}{}{looks}",
        named(candidate, &check.candidate),
        named(baseline, &check.baseline),
        time.unwrap_or_default()
    )
}

/// What the outcome of a part rests on, failures first.
fn facts(check: &CheckInfo, part: &Part) -> Vec<String> {
    let mut facts: Vec<String> = match part.outcome {
        Outcome::Regressed | Outcome::Inconclusive => {
            let failures = failures(check, part).into_iter();
            let own = failures.filter(|failure| failure.is_the_candidates);
            own.map(|failure| failure.text).collect()
        }
        Outcome::Invalid => invalid(part).into_iter().collect(),
        Outcome::Pass | Outcome::Improved => Vec::new(),
    };
    let mut slow = part
        .findings
        .iter()
        .filter_map(|finding| finding.slow_starts);
    let is_slow = match part.slow_starts {
        Some(slow) => slow.rules_out_pass,
        None => slow.any(|slow| slow.rules_out_pass),
    };
    if is_slow && part.outcome == Outcome::Inconclusive {
        facts.extend(slow_starts(check, part));
    }
    let deciding = rows(check, part).into_iter().filter(|row| {
        let finding = row.finding;
        finding.gated && finding.outcome == part.outcome && part.outcome != Outcome::Pass
    });
    facts.extend(deciding.map(|row| match part.outcome {
        Outcome::Regressed | Outcome::Improved => format!("{} {}", row.metric, row.change),
        _ => format!("{}: {}", row.metric, row.meaning),
    }));
    facts
}

/// Why neither side of a part can be measured.
fn invalid(part: &Part) -> Option<String> {
    let reliability = part.reliability.as_ref()?;
    Some(if reliability.both_leave_clients_unserved {
        format!(
            "both sides leave some of the {} unserved: measure with as many clients as the server \
             serves (--clients)",
            some(part.clients as u64, "client")
        )
    } else {
        "neither side could be measured in most pairs".to_owned()
    })
}

/// Starts of the candidate that were far slower than usual, where the baseline has fewer.
fn slow_starts(check: &CheckInfo, part: &Part) -> Option<String> {
    let [baseline, candidate] = sides(check);
    let slow = |finding: &Finding| {
        let slow = finding.slow_starts?;
        (slow.starts[1] > slow.starts[0]).then(|| {
            format!(
                "{} far worse than usual in {} of {} starts of {candidate}, in {} of {baseline}",
                title_with_load(part, finding),
                slow.starts[1],
                slow.of,
                slow.starts[0]
            )
        })
    };
    let is_concerned = |finding: &&Finding| {
        // Of throughput that the generator limits a slow start still shows.
        finding.gated || finding.advisory == Some(Advisory::GeneratorLimited)
    };
    let concerned = part.findings.iter().filter(is_concerned);
    let slow: Vec<String> = concerned.filter_map(slow).collect();
    (!slow.is_empty()).then(|| slow.join("; "))
}

/// Notes that explain the figures of a part, failures first.
pub(crate) fn notes(check: &CheckInfo, part: &Part) -> Vec<String> {
    let mut notes: Vec<String> = match part.reliability {
        Some(_) => {
            let failures = failures(check, part).into_iter();
            failures.map(|failure| failure.text).collect()
        }
        // Records from before the failures by kind have text only.
        None => part.reasons.clone(),
    };
    if part.outcome == Outcome::Invalid {
        notes.extend(invalid(part));
    }
    notes.extend(slow_starts(check, part));
    notes.extend(few_starts(part));
    notes.extend(
        part.findings
            .iter()
            .filter_map(|finding| mean(part, finding)),
    );
    notes.extend(
        part.findings
            .iter()
            .filter_map(|finding| delayed(part, finding)),
    );
    let is_large = |ratio: f64| !(0.95..=1.05).contains(&ratio);
    if let Some(effect) = part.order_effect.filter(|effect| is_large(*effect)) {
        notes.push(format!(
            "CPU per request of the side measured first was {}; the random order evens this out",
            change(effect)
        ));
    }
    if let Some(drift) = part.drift.filter(|drift| is_large(*drift)) {
        notes.push(format!(
            "the machine drifted: CPU per request of the baseline was {} at the end than at the start",
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

/// That a pass rests on fewer starts than it should.
fn few_starts(part: &Part) -> Option<String> {
    let starts: usize = part.pairs.iter().map(|pair| pair.loads.len()).sum();
    let is_pass = matches!(part.outcome, Outcome::Pass | Outcome::Improved);
    (is_pass && (1..STARTS_OF_A_PASS).contains(&starts)).then(|| {
        format!(
            "this rests on {starts} starts of each side instead of {STARTS_OF_A_PASS}: a fault in \
             one start of six stays unseen in {:.0} % of such checks",
            100.0 * (5.0_f64 / 6.0).powi(starts as i32)
        )
    })
}

/// The mean ratio, where a few pairs move it away from the median one.
fn mean(part: &Part, finding: &Finding) -> Option<String> {
    const APART: f64 = 1.05;
    let mean = finding.mean.filter(|_| finding.gated)?;
    let apart = (mean / finding.worse).max(finding.worse / mean);
    (apart > APART).then(|| {
        format!(
            "{}: by the mean over all pairs it is {}: some pairs differ far more than the median one",
            title_with_load(part, finding),
            change(of_figures(finding.metric, mean))
        )
    })
}

/// How many pairs show a change diluted by the generator's own delay.
fn delayed(part: &Part, finding: &Finding) -> Option<String> {
    let is_latency = !matches!(finding.metric, Metric::CpuUsPerRequest | Metric::Throughput);
    let most = 2 * finding.delayed_pairs > finding.pairs.len();
    (is_latency && finding.gated && most).then(|| {
        format!(
            "{}: over 10 % is scheduling delay of the generator in {} of {} pairs, which dilutes a change",
            title_with_load(part, finding),
            finding.delayed_pairs,
            finding.pairs.len()
        )
    })
}
