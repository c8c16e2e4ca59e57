//! The sentences below a comparison: they claim only what the rounds show.

use super::ranking::{ComparedWithBest, LEAST_ROUNDS, Ranking, rankings};
use super::summary::Summary;
use super::units::{count, digits, some};
use crate::record::Verdict;
use crate::stats::{Ratio, median};

/// What a comparison shows, sentence by sentence. Empty for a single contestant.
pub fn closing(summaries: &[Summary<'_>]) -> Vec<String> {
    // The two sides of a check are compared by the check.
    let checked = summaries
        .iter()
        .any(|summary| summary.cell.contestant.role.is_some());
    if summaries.len() < 2 || checked {
        return Vec::new();
    }
    let mut sentences: Vec<String> = rankings(summaries).iter().map(order).collect();
    if sentences.iter().any(|sentence| sentence.contains('–')) {
        sentences.push(
            "In brackets: intervals that hold together at 95 %, all pairs compared.".to_owned(),
        );
    }
    let fit: Vec<&Summary<'_>> = summaries.iter().filter(|summary| summary.ranks()).collect();
    sentences.extend(recovered(summaries));
    sentences.extend(over_capacity(summaries));
    sentences.extend(limited(&fit));
    sentences.extend(unserved(summaries));
    sentences.extend(invalid(summaries));
    sentences
}

/// Sets the best against each other one, or says why not.
pub fn order(ranking: &Ranking<'_>) -> String {
    let (mut apart, mut tied, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for place in &ranking.places {
        match place.against_first {
            None => {}
            Some(ComparedWithBest::Worse(ratio)) => {
                apart.push(told(ranking, place.name, &times(&ratio)));
            }
            Some(ComparedWithBest::Tied(_)) => tied.push(place.name),
            Some(ComparedWithBest::Seen(low, high)) => {
                let times = if ranking.rounds > 1 {
                    format!("{low:.2}× to {high:.2}×")
                } else {
                    format!("{low:.2}×")
                };
                seen.push(told(ranking, place.name, &times));
            }
        }
    }
    let (name, does) = (named(ranking), ranking.measure.best);
    let best = ranking.places.first().map_or("", |place| place.name);
    if !ranking.is_enough() {
        let rounds = if ranking.rounds == 1 {
            "one round is".to_owned()
        } else {
            format!("{} rounds are", ranking.rounds)
        };
        return format!(
            "{name}: here {best} {does}; {}; {rounds} too few to rank (--trials {LEAST_ROUNDS}).",
            seen.join(", ")
        );
    }
    let with_whom = if tied.is_empty() {
        String::new()
    } else {
        format!(", tied with {}", and(&tied))
    };
    let others = if apart.is_empty() {
        String::new()
    } else {
        format!("; {}", apart.join(", "))
    };
    format!("{name}: {best} {does}{with_whom}{others}.")
}

/// What is put in order, and among whom.
pub fn named(ranking: &Ranking<'_>) -> String {
    let name = ranking.measure.name;
    if ranking.is_partial {
        format!("{name}, of those that the generator did not limit")
    } else {
        name.to_owned()
    }
}

fn told(ranking: &Ranking<'_>, name: &str, times: &str) -> String {
    ranking
        .measure
        .other
        .replace("{name}", name)
        .replace("{times}", times)
}

/// `1.50× (1.40–1.60)`.
pub(crate) fn times(ratio: &Ratio) -> String {
    format!(
        "{:.2}× ({:.2}–{:.2})",
        ratio.estimate, ratio.low, ratio.high
    )
}

fn over_capacity(summaries: &[Summary<'_>]) -> Option<String> {
    let names: Vec<&str> = summaries
        .iter()
        .filter(|s| s.over_capacity())
        .map(Summary::name)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Over capacity at this rate: {}; their latencies only say how long the run was.",
            and(&names)
        )
    })
}

/// How long each took to recover from an overload.
fn recovered(summaries: &[Summary<'_>]) -> Option<String> {
    let told = |summary: &Summary<'_>| {
        let overloads = summary
            .cell
            .trials
            .iter()
            .filter_map(|trial| trial.overload.as_ref());
        // One that did not recover within the window would have taken longer than any that did.
        let times: Vec<f64> = overloads
            .map(|overload| overload.recovered_s.unwrap_or(f64::INFINITY))
            .collect();
        let name = summary.name();
        match median(&times) {
            time if time.is_nan() => None,
            time if time.is_infinite() => Some(format!("{name} not within the window")),
            time => Some(format!("{name} {} s", digits(time))),
        }
    };
    let told: Vec<String> = summaries.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| {
        format!(
            "From the fall of the rate until what had piled up was done: {}.",
            told.join(", ")
        )
    })
}

/// Those with a trial that cannot be believed.
fn invalid(summaries: &[Summary<'_>]) -> Option<String> {
    let told = |summary: &Summary<'_>| {
        let trials = &summary.cell.trials;
        let invalid = trials
            .iter()
            .filter(|trial| trial.validity.verdict == Verdict::Invalid)
            .count();
        (invalid > 0 && !summary.unserved())
            .then(|| format!("{} ({invalid} of {})", summary.name(), trials.len()))
    };
    let told: Vec<String> = summaries.iter().filter_map(told).collect();
    (!told.is_empty())
        .then(|| format!("Not ranked, since trials are invalid: {}.", told.join(", ")))
}

fn limited(fit: &[&Summary<'_>]) -> Option<String> {
    let names: Vec<&str> = fit.iter().filter(|s| s.limited).map(|s| s.name()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Throughput of {} is a lower bound (≥), not ranked: the load generator was the limit.",
            and(&names)
        )
    })
}

/// Those that left clients without a right reply are listed, never ranked.
fn unserved(summaries: &[Summary<'_>]) -> Option<String> {
    let told = |s: &Summary<'_>| {
        format!(
            "{} served {} of {}",
            s.name(),
            count(s.served as u64),
            some(s.asked as u64, "client")
        )
    };
    let told: Vec<String> = summaries
        .iter()
        .filter(|s| s.unserved())
        .map(told)
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "Not ranked, since clients got no reply in the window: {}.",
            told.join(", ")
        )
    })
}

pub(crate) fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
