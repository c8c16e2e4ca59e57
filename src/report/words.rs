//! The sentences below a comparison: they claim only what the rounds show.

use super::summary::Summary;
use super::units::{count, some};
use crate::record::Cell;
use crate::stats::{Ratio, paired_ratio, range};

/// Fewer rounds are too few to rank.
const LEAST_ROUNDS: usize = 6;
/// How often a whole set of claims may hold one that is false.
const ALPHA: f64 = 0.05;

/// What a comparison shows, sentence by sentence. Empty for a single contestant.
pub fn closing(summaries: &[Summary<'_>]) -> Vec<String> {
    if summaries.len() < 2 {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    let fit: Vec<&Summary<'_>> = summaries.iter().filter(|summary| summary.ranks()).collect();
    sentences.extend(order(&fit, &CPU));
    let free: Vec<&Summary<'_>> = fit
        .iter()
        .copied()
        .filter(|summary| !summary.limited)
        .collect();
    sentences.extend(order(&free, &THROUGHPUT));
    sentences.extend(limited(&fit));
    sentences.extend(starved(summaries));
    sentences
}

/// A figure that contestants are put in order by.
struct Measure {
    name: &'static str,
    best: &'static str,
    /// Whether less is better.
    less: bool,
    of: fn(&Cell) -> Vec<f64>,
}

const CPU: Measure = Measure {
    name: "Server CPU a request",
    best: "least",
    less: true,
    of: |cell| by_round(cell, |trial| trial.server.cpu_us_per_request),
};

const THROUGHPUT: Measure = Measure {
    name: "Throughput",
    best: "most",
    less: false,
    of: |cell| by_round(cell, |trial| Some(trial.throughput_rps)),
};

fn by_round(cell: &Cell, of: impl Fn(&crate::record::Trial) -> Option<f64>) -> Vec<f64> {
    let mut trials: Vec<_> = cell
        .trials
        .iter()
        .filter_map(|trial| Some((trial.round, of(trial)?)))
        .collect();
    trials.sort_by_key(|(round, _)| *round);
    trials.into_iter().map(|(_, value)| value).collect()
}

/// Sets the best against each other one, or says why not.
fn order(fit: &[&Summary<'_>], measure: &Measure) -> Option<String> {
    let mut with: Vec<(&str, Vec<f64>)> = fit
        .iter()
        .map(|s| (s.name(), (measure.of)(s.cell)))
        .collect();
    with.retain(|(_, values)| !values.is_empty());
    let key = |values: &[f64]| crate::stats::median(values) * if measure.less { 1.0 } else { -1.0 };
    with.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
    let ((best, best_values), others) = with.split_first()?;
    if others.is_empty() {
        return None;
    }
    let rounds = with
        .iter()
        .map(|(_, values)| values.len())
        .min()
        .unwrap_or(0);
    let even = with.iter().all(|(_, values)| values.len() == rounds);
    if rounds < LEAST_ROUNDS || !even {
        let worst = &with.last()?.1;
        let ratios: Vec<f64> = worst
            .iter()
            .zip(best_values)
            .map(|(a, b)| if measure.less { a / b } else { b / a })
            .collect();
        let (low, high) = range(&ratios);
        let spread = if rounds > 1 {
            format!("{low:.2} to {high:.2}")
        } else {
            format!("{low:.2}")
        };
        return Some(format!(
            "{}: {best} the {} here, {spread} times apart from {}; {} too few to rank (--trials {LEAST_ROUNDS}).",
            measure.name,
            measure.best,
            with.last()?.0,
            if rounds == 1 {
                "one round is".to_owned()
            } else {
                format!("{rounds} rounds are")
            },
        ));
    }
    // Who is best was chosen by the data, so every pair counts as compared.
    let pairs = with.len() * (with.len() - 1) / 2;
    let alpha = ALPHA / pairs as f64;
    let against = |values: &[f64]| {
        if measure.less {
            paired_ratio(values, best_values, alpha)
        } else {
            paired_ratio(best_values, values, alpha)
        }
    };
    let (mut apart, mut tied) = (Vec::new(), Vec::new());
    for (name, values) in others {
        match against(values) {
            Some(ratio) if ratio.is_apart() => apart.push(format!("{name} {}", times(&ratio))),
            _ => tied.push(*name),
        }
    }
    Some(sentence(measure, best, &apart, &tied))
}

fn sentence(measure: &Measure, best: &str, apart: &[String], tied: &[&str]) -> String {
    let name = measure.name;
    let more = if measure.less { "needs" } else { "trails by" };
    match (apart.is_empty(), tied.is_empty()) {
        (true, _) => format!("{name}: {best} and {} are tied.", and(tied)),
        (false, true) => format!(
            "{name}: {best} the {}; {more}: {}.",
            measure.best,
            apart.join(", ")
        ),
        (false, false) => format!(
            "{name}: {best} the {}, tied with {}; {more}: {}.",
            measure.best,
            and(tied),
            apart.join(", ")
        ),
    }
}

fn times(ratio: &Ratio) -> String {
    format!(
        "{:.2}× ({:.2}–{:.2})",
        ratio.estimate, ratio.low, ratio.high
    )
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

fn starved(summaries: &[Summary<'_>]) -> Option<String> {
    let told = |s: &Summary<'_>| {
        format!(
            "{} served {} of {}",
            s.name(),
            count(s.served as u64),
            some(s.cell.load.clients as u64, "client")
        )
    };
    let told: Vec<String> = summaries.iter().filter(|s| s.starved()).map(told).collect();
    (!told.is_empty()).then(|| format!("Starved, so not ranked: {}.", told.join(", ")))
}

fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
