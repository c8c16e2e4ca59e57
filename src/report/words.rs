//! The sentences below a comparison: they claim only what the rounds show.

use super::summary::Summary;
use super::units::{count, some};
use crate::record::{Cell, Mode};
use crate::stats::{Ratio, median, paired_ratio, range};

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
    let free: Vec<&Summary<'_>> = fit
        .iter()
        .copied()
        // In an open loop throughput is what was asked for.
        .filter(|summary| !summary.limited && summary.cell.load.mode == Mode::Closed)
        .collect();
    // All claims together are to hold, so every pair of both counts as compared.
    let pairs = |of: usize| of * of.saturating_sub(1) / 2;
    let alpha = ALPHA / (pairs(fit.len()) + pairs(free.len())).max(1) as f64;
    sentences.extend(order(&fit, &CPU, alpha));
    sentences.extend(order(&free, &THROUGHPUT, alpha));
    if sentences.iter().any(|sentence| sentence.contains('–')) {
        sentences.push(
            "In brackets: intervals that hold together at 95 %, all pairs compared.".to_owned(),
        );
    }
    sentences.extend(over_capacity(summaries));
    sentences.extend(limited(&fit));
    sentences.extend(unserved(summaries));
    sentences
}

/// A figure that contestants are put in order by.
struct Measure {
    name: &'static str,
    /// What the best does.
    best: &'static str,
    /// What is said of another against the best, `{name}` and `{times}` standing for it.
    other: &'static str,
    /// Whether less is better.
    less: bool,
    of: fn(&Cell) -> Vec<f64>,
}

/// A contestant's name and its figure in each round.
type Named<'a> = (&'a str, Vec<f64>);

impl Measure {
    /// The worse figures and the better ones.
    fn pair<'v>(&self, best: &'v [f64], other: &'v [f64]) -> (&'v [f64], &'v [f64]) {
        if self.less {
            (other, best)
        } else {
            (best, other)
        }
    }
}

const CPU: Measure = Measure {
    name: "Server CPU a request",
    best: "needs the least",
    other: "{name} needs {times}",
    less: true,
    of: |cell| by_round(cell, |trial| trial.server.cpu_us_per_request),
};

const THROUGHPUT: Measure = Measure {
    name: "Throughput",
    best: "serves the most",
    other: "{times} that of {name}",
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
fn order(fit: &[&Summary<'_>], measure: &Measure, alpha: f64) -> Option<String> {
    let mut with: Vec<Named<'_>> = fit
        .iter()
        .map(|s| (s.name(), (measure.of)(s.cell)))
        .collect();
    with.retain(|(_, values)| !values.is_empty());
    let key = |values: &[f64]| median(values) * if measure.less { 1.0 } else { -1.0 };
    with.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
    // A run that was ended early may lack the last round of some.
    let rounds = with.iter().map(|(_, values)| values.len()).min()?;
    with.iter_mut()
        .for_each(|(_, values)| values.truncate(rounds));
    let (best, others) = with.split_first()?;
    if others.is_empty() {
        return None;
    }
    if rounds < LEAST_ROUNDS {
        return Some(too_few(measure, best, others, rounds));
    }
    let (mut apart, mut tied) = (Vec::new(), Vec::new());
    for (name, values) in others {
        let (worse, better) = measure.pair(&best.1, values);
        match paired_ratio(worse, better, alpha) {
            Some(ratio) if ratio.low > 1.0 => apart.push(told(measure, name, &times(&ratio))),
            _ => tied.push(*name),
        }
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
    Some(format!(
        "{}: {} {}{with_whom}{others}.",
        measure.name, best.0, measure.best
    ))
}

/// With too few rounds to rank: what was seen, and that it shows nothing yet.
fn too_few(measure: &Measure, best: &Named<'_>, others: &[Named<'_>], rounds: usize) -> String {
    let seen = others.iter().map(|(name, values)| {
        let (worse, better) = measure.pair(&best.1, values);
        let ratios: Vec<f64> = worse
            .iter()
            .zip(better)
            .map(|(worse, better)| worse / better)
            .collect();
        let (low, high) = range(&ratios);
        let times = if ratios.len() > 1 {
            format!("{low:.2}× to {high:.2}×")
        } else {
            format!("{low:.2}×")
        };
        told(measure, name, &times)
    });
    let seen: Vec<String> = seen.collect();
    let rounds = if rounds == 1 {
        "one round is".to_owned()
    } else {
        format!("{rounds} rounds are")
    };
    let (name, does, best) = (measure.name, measure.best, best.0);
    format!(
        "{name}: here {best} {does}; {}; {rounds} too few to rank (--trials {LEAST_ROUNDS}).",
        seen.join(", ")
    )
}

fn told(measure: &Measure, name: &str, times: &str) -> String {
    measure
        .other
        .replace("{name}", name)
        .replace("{times}", times)
}

fn times(ratio: &Ratio) -> String {
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

fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
