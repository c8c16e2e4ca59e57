//! The sentences below a comparison. They claim only what the rounds show.

use super::comparison::EARLY_MARK;
use super::delays::{delayed_sentence, delays_sentence};
use super::no_reply_sentences::{cause_and_remedy, why_no_client};
use super::ranking::{ComparedWithBest, LEAST_ROUNDS, Ranking, rankings};
use super::summary::Summary;
use super::units::{and, count, digits, some};
use crate::record::{NoReplyCause, RoundsRule, Verdict};
use crate::stats::{Ratio, median};

/// The results of a comparison under one load as sentences. Empty for a single server.
pub fn closing(summaries: &[Summary<'_>]) -> Vec<String> {
    closing_of(&[summaries])
}

/// The results of a comparison under one or two loads as sentences.
pub(crate) fn closing_of(loads: &[&[Summary<'_>]]) -> Vec<String> {
    let mut sentences = orders(loads);
    let compared = loads.iter().filter(|load| is_compared(load));
    for sentence in compared.flat_map(|load| exceptions(load)) {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// The rankings under one or two loads as sentences, and what their brackets are.
pub(crate) fn orders(loads: &[&[Summary<'_>]]) -> Vec<String> {
    let loads = loads.iter().filter(|load| is_compared(load)).copied();
    let loads: Vec<&[Summary<'_>]> = loads.collect();
    let rankings: Vec<Ranking<'_>> = loads.iter().flat_map(|load| rankings(load)).collect();
    let mut sentences: Vec<String> = rankings.iter().map(order).collect();
    if rankings.iter().any(has_intervals) {
        sentences.push(brackets(&loads));
    }
    sentences
}

/// What the brackets of these loads contain.
fn brackets(loads: &[&[Summary<'_>]]) -> String {
    let mut summaries = loads.iter().copied().flatten();
    let are_added = summaries.any(|summary| summary.cell.rounds == RoundsRule::UntilDecided);
    let hold = if are_added {
        " that hold after any number of added rounds"
    } else {
        ""
    };
    format!("In brackets: simultaneous 95 % confidence intervals{hold}, all pairs compared.")
}

/// Whether servers are compared under this load. A check compares its two sides itself.
fn is_compared(load: &[Summary<'_>]) -> bool {
    let mut summaries = load.iter();
    load.len() > 1 && summaries.all(|summary| summary.cell.contestant.role.is_none())
}

/// What the ranking of one load does not say.
fn exceptions(summaries: &[Summary<'_>]) -> Vec<String> {
    let mut sentences = Vec::new();
    let ranked: Vec<&Summary<'_>> = summaries.iter().filter(|summary| summary.ranks()).collect();
    sentences.extend(delayed_sentence(summaries));
    sentences.extend(delays_sentence(summaries));
    sentences.extend(recovered(summaries));
    sentences.extend(over_capacity(summaries));
    sentences.extend(limited(&ranked));
    sentences.extend(unserved(summaries));
    sentences.extend(invalid(summaries));
    sentences.extend(ended_early(summaries));
    sentences
}

/// The servers that have only a trial which was ended early.
fn ended_early(summaries: &[Summary<'_>]) -> Option<String> {
    let early = summaries.iter().filter(|summary| summary.is_interrupted());
    let names: Vec<&str> = early.map(Summary::name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Not ranked, since its only trial was ended early ({}): {}.",
            EARLY_MARK.trim(),
            and(&names)
        )
    })
}

/// Whether the sentence of a ranking has confidence intervals.
fn has_intervals(ranking: &Ranking<'_>) -> bool {
    ranking.places.iter().any(|place| {
        matches!(
            place.against_first,
            Some(ComparedWithBest::Worse(_) | ComparedWithBest::NotDistinguishable(_))
        )
    })
}

/// Compares the best server with each other server, or gives the reason why there is no ranking.
pub fn order(ranking: &Ranking<'_>) -> String {
    let (mut worse, mut similar, mut observed) = (Vec::new(), Vec::new(), Vec::new());
    for place in &ranking.places {
        match place.against_first {
            None => {}
            Some(ComparedWithBest::Worse(ratio)) => {
                worse.push(compared(ranking, place.name, &times(&ratio)));
            }
            Some(ComparedWithBest::NotDistinguishable(ratio)) => {
                similar.push(format!("{} {}", place.name, interval(&ratio)));
            }
            Some(ComparedWithBest::Seen(low, high)) => {
                let times = if ranking.rounds > 1 {
                    format!("{low:.2}× to {high:.2}×")
                } else {
                    format!("{low:.2}×")
                };
                observed.push(compared(ranking, place.name, &times));
            }
        }
    }
    let (name, predicate) = (named(ranking), ranking.measure.best);
    let best = ranking.places.first().map_or("", |place| place.name);
    if !ranking.is_enough() {
        let rounds = if ranking.rounds == 1 {
            "one round is".to_owned()
        } else {
            format!("{} rounds are", ranking.rounds)
        };
        return format!(
            "{name}: in this run {best} {predicate}; {}; {rounds} too few to rank (use --trials {LEAST_ROUNDS}).",
            observed.join(", ")
        );
    }
    if let Some(factor) = unclear_factor(ranking) {
        return format!(
            "{name}: no order, since it differs too much between rounds: only differences of over {factor:.0}× could be shown."
        );
    }
    let similar: Vec<&str> = similar.iter().map(String::as_str).collect();
    let similar = if similar.is_empty() {
        String::new()
    } else {
        format!(", not distinguishable from {}", and(&similar))
    };
    let worse = if worse.is_empty() {
        String::new()
    } else {
        format!("; {}", worse.join(", "))
    };
    format!("{name}: {best} {predicate}{similar}{worse}.")
}

/// The measure, and the servers it is limited to if the ranking is partial.
pub fn named(ranking: &Ranking<'_>) -> String {
    let name = ranking.measure.name;
    if ranking.is_partial {
        format!("{name}, among servers that the generator did not limit")
    } else {
        name.to_owned()
    }
}

/// Servers of which only a difference over this factor would show are compared in one short
/// sentence.
const MOST_FACTOR: f64 = 4.0;

/// The smallest factor between two servers that these rounds would show, if it is so large that
/// intervals say nothing more.
fn unclear_factor(ranking: &Ranking<'_>) -> Option<f64> {
    let others = ranking
        .places
        .iter()
        .filter_map(|place| place.against_first);
    let factors: Option<Vec<f64>> = others
        .map(|compared| match compared {
            // Half of the width of the interval, which is symmetric on a logarithmic scale.
            ComparedWithBest::NotDistinguishable(ratio) => Some((ratio.high / ratio.low).sqrt()),
            _ => None,
        })
        .collect();
    let least = factors?.into_iter().reduce(f64::min)?;
    (least > MOST_FACTOR && least.is_finite()).then_some(least)
}

fn compared(ranking: &Ranking<'_>, name: &str, times: &str) -> String {
    ranking
        .measure
        .other
        .replace("{name}", name)
        .replace("{times}", times)
}

/// A ratio with its confidence interval: `1.50× (1.40 to 1.60)`.
pub(crate) fn times(ratio: &Ratio) -> String {
    format!("{:.2}× {}", ratio.estimate, interval(ratio))
}

/// `(1.40 to 1.60)`; an end that is over a hundred times away is no bound.
fn interval(ratio: &Ratio) -> String {
    const FAR: f64 = 100.0;
    if !ratio.high.is_finite() && ratio.low <= 0.0 {
        return "(too few rounds for a bound)".to_owned();
    }
    let has_low = ratio.low * FAR > ratio.estimate;
    let has_high = ratio.high < ratio.estimate * FAR;
    match (has_low, has_high) {
        (true, true) => format!("({:.2} to {:.2})", ratio.low, ratio.high),
        (true, false) => format!("(at least {:.2})", ratio.low),
        (false, true) => format!("(at most {:.2})", ratio.high),
        (false, false) => "(no useful bound)".to_owned(),
    }
}

fn over_capacity(summaries: &[Summary<'_>]) -> Option<String> {
    let names: Vec<&str> = summaries
        .iter()
        .filter(|s| s.over_capacity())
        .map(Summary::name)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Over capacity at this rate: {}; their latencies only reflect the length of the run.",
            and(&names)
        )
    })
}

/// The time that each server needed to recover from an overload.
fn recovered(summaries: &[Summary<'_>]) -> Option<String> {
    let recovery = |summary: &Summary<'_>| {
        let overloads = summary
            .trials()
            .iter()
            .filter_map(|trial| trial.overload.as_ref());
        // A trial without recovery within the window counts as longer than any other.
        let times: Vec<f64> = overloads
            .map(|overload| overload.recovered_s.unwrap_or(f64::INFINITY))
            .collect();
        let name = summary.name();
        (!times.is_empty()).then(|| match median(&times) {
            time if time.is_infinite() => format!("{name} not within the window"),
            time => format!("{name} {} s", digits(time)),
        })
    };
    let recoveries: Vec<String> = summaries.iter().filter_map(recovery).collect();
    (!recoveries.is_empty()).then(|| {
        format!(
            "Time to drain the backlog after the rate fell: {}.",
            recoveries.join(", ")
        )
    })
}

/// The servers with an invalid trial.
fn invalid(summaries: &[Summary<'_>]) -> Option<String> {
    let entry = |summary: &Summary<'_>| {
        let trials = summary.trials();
        let invalid = trials
            .iter()
            .filter(|trial| trial.validity.verdict == Verdict::Invalid)
            .count();
        (invalid > 0 && !summary.unserved())
            .then(|| format!("{} ({invalid} of {})", summary.name(), trials.len()))
    };
    let entries: Vec<String> = summaries.iter().filter_map(entry).collect();
    (!entries.is_empty()).then(|| {
        format!(
            "Not ranked, since trials are invalid: {}.",
            entries.join(", ")
        )
    })
}

fn limited(ranked: &[&Summary<'_>]) -> Option<String> {
    let names: Vec<&str> = ranked
        .iter()
        .filter(|s| s.limited)
        .map(|s| s.name())
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Throughput of {} is a lower bound (≥), not ranked: the load generator was the limit.",
            and(&names)
        )
    })
}

/// Servers that left clients without a correct reply are listed, never ranked.
fn unserved<'a>(summaries: &[Summary<'a>]) -> Option<String> {
    let mut said: Vec<&'a NoReplyCause> = Vec::new();
    let mut entry = |s: &Summary<'a>| {
        let why = match why_no_client(s.cell) {
            None => String::new(),
            Some(why) if said.contains(&why) => " (likewise)".to_owned(),
            Some(why) => {
                said.push(why);
                format!(" ({})", cause_and_remedy(why))
            }
        };
        let (served, asked) = (count(s.served as u64), some(s.asked as u64, "client"));
        format!("{} served {served} of {asked}{why}", s.name())
    };
    let entries: Vec<String> = summaries
        .iter()
        .filter(|s| s.unserved())
        .map(&mut entry)
        .collect();
    (!entries.is_empty()).then(|| {
        format!(
            "Not ranked, since clients got no correct reply in the window: {}.",
            entries.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_without_information_is_no_figure() {
        let ratio = |estimate, low, high| Ratio {
            estimate,
            low,
            high,
        };
        for (ratio, expected) in [
            (ratio(1.5, 1.4, 1.6), "1.50× (1.40 to 1.60)"),
            (ratio(130.0, 110.0, 150.0), "130.00× (110.00 to 150.00)"),
            (ratio(3.34, 0.002, 5815.0), "3.34× (no useful bound)"),
            (ratio(2.0, 1.5, f64::INFINITY), "2.00× (at least 1.50)"),
            (ratio(0.5, 0.0, 0.8), "0.50× (at most 0.80)"),
            (
                ratio(1.0, 0.0, f64::INFINITY),
                "1.00× (too few rounds for a bound)",
            ),
        ] {
            assert_eq!(times(&ratio), expected);
        }
    }
}
