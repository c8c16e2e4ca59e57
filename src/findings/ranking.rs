//! Who is better than whom, and how surely: the orders that words, tables and charts go by.
//!
//! Only contestants that served all their clients are put in order, by figures that say
//! something across models: CPU a request, throughput in a closed loop where the generator
//! was not the limit, response time and goodput at equal absolute rates.

use super::summary::{BEYOND, Figure, Summary};
use crate::record::{Cell, Mode, Trial};
use crate::stats::{Ratio, median, paired_ratio, range};

/// Fewer rounds are too few to rank.
pub const LEAST_ROUNDS: usize = 6;
/// How often all that is claimed of one load may hold one claim that is false.
const ALPHA: f64 = 0.05;

/// A figure that contestants are put in order by.
#[derive(Debug)]
pub struct Measure {
    /// What it is called.
    pub name: &'static str,
    /// What the best does.
    pub best: &'static str,
    /// What is said of another against the best, `{name}` and `{times}` standing for it.
    pub other: &'static str,
    /// Whether less is better.
    pub less: bool,
    /// Its unit, for the one who shows it.
    pub unit: Unit,
    of: fn(&Trial) -> Option<f64>,
    /// Whether it says anything of this contestant under this load.
    fits: fn(&Summary<'_>) -> bool,
    /// What one that cannot be put in order has at least: no other may be called first below it.
    at_least: fn(&Summary<'_>) -> Option<f64>,
}

/// What a measure is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Micros,
    /// Requests a second.
    Rate,
    /// Nanoseconds.
    TimeNs,
}

/// All measures, in the order in which they are told.
pub static ALL: &[Measure] = &[
    Measure {
        name: "Server CPU a request",
        best: "needs the least",
        other: "{name} needs {times}",
        less: true,
        unit: Unit::Micros,
        of: |trial| trial.server.cpu_us_per_request,
        fits: |_| true,
        at_least: |_| None,
    },
    Measure {
        name: "Throughput",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        of: |trial| Some(trial.throughput_rps),
        // In an open loop throughput is what was asked for.
        fits: |summary| !summary.limited && summary.cell.load.mode == Mode::Closed,
        at_least: |summary| summary.limited.then_some(summary.throughput_rps.median),
    },
    Measure {
        name: "Response time (p95)",
        best: "has the shortest",
        other: "{name} takes {times}",
        less: true,
        unit: Unit::TimeNs,
        of: p95,
        // Over capacity it only says how long the run was.
        fits: |summary| {
            let load = &summary.cell.load;
            load.mode != Mode::Closed && load.then.is_none() && !summary.over_capacity()
        },
        at_least: |_| None,
    },
    Measure {
        name: "Goodput under overload",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        of: goodput,
        fits: |summary| !summary.limited && summary.cell.load.then.is_some(),
        at_least: |summary| {
            let goodput = Figure::of(&summary.cell.trials, goodput);
            goodput
                .filter(|_| summary.limited)
                .map(|goodput| goodput.median)
        },
    },
];

/// The p95 of a trial, if it is known and rests on enough samples.
fn p95(trial: &Trial) -> Option<f64> {
    const Q: f64 = 0.95;
    let exact = trial.censored.count == 0 || Q <= trial.exact_below;
    let enough = trial.samples as f64 * (1.0 - Q) >= BEYOND;
    let value = trial.latency_ns.p95.filter(|_| exact && enough)?;
    Some(value as f64)
}

fn goodput(trial: &Trial) -> Option<f64> {
    trial.overload.as_ref().map(|overload| overload.goodput_rps)
}

/// Contestants of one load, put in order by one measure.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// By what.
    pub measure: &'static Measure,
    /// Rounds that all of them have.
    pub rounds: usize,
    /// Whether others may be better, of which only a lower bound is known.
    pub is_partial: bool,
    /// Each, the best first.
    pub places: Vec<RankedServer<'a>>,
}

/// One contestant's place.
#[derive(Debug)]
pub struct RankedServer<'a> {
    /// Who.
    pub name: &'a str,
    /// The median over rounds.
    pub median: f64,
    /// One more than those that are shown to be better; none with too few rounds.
    pub rank: Option<usize>,
    /// How many times worse than the first; none for the first itself.
    pub against_first: Option<ComparedWithBest>,
}

/// How one compares with the first.
#[derive(Debug, Clone, Copy)]
pub enum ComparedWithBest {
    /// Shown to be worse by this ratio, over 1, with its interval.
    Worse(Ratio),
    /// Not shown to be worse.
    Tied(Ratio),
    /// Too few rounds: the least and the greatest ratio seen.
    Seen(f64, f64),
}

impl Ranking<'_> {
    /// Whether there are enough rounds to claim an order.
    pub fn is_enough(&self) -> bool {
        self.rounds >= LEAST_ROUNDS
    }
}

/// The orders of contestants under one load, of those measures that have two or more to put in order.
pub fn rankings<'a>(summaries: &[Summary<'a>]) -> Vec<Ranking<'a>> {
    let fields: Vec<(&'static Measure, Vec<Named<'a>>)> = ALL
        .iter()
        .map(|measure| (measure, field(summaries, measure)))
        .filter(|(_, field)| field.len() > 1)
        .collect();
    // All claims together are to hold, so every pair of each measure counts as compared.
    let pairs: usize = fields
        .iter()
        .map(|(_, field)| field.len() * (field.len() - 1) / 2)
        .sum();
    let alpha = ALPHA / pairs.max(1) as f64;
    let ranked = fields.into_iter().filter_map(|(measure, field)| {
        let is_partial = rivals(summaries, measure).next().is_some();
        ranking(measure, &field, alpha, is_partial)
    });
    ranked.collect()
}

/// A contestant's name and its figure in each round.
type Named<'a> = (&'a str, Vec<f64>);

/// Those that a measure can put in order, the best first, as many rounds of each.
fn field<'a>(summaries: &[Summary<'a>], measure: &Measure) -> Vec<Named<'a>> {
    let fit = summaries
        .iter()
        .filter(|summary| summary.ranks() && (measure.fits)(summary));
    let mut field: Vec<Named<'a>> = fit
        .map(|summary| (summary.name(), by_round(summary.cell, measure)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let key = |values: &[f64]| median(values) * if measure.less { 1.0 } else { -1.0 };
    field.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
    let rival = rivals(summaries, measure).fold(0.0, f64::max);
    if field
        .first()
        .is_some_and(|(_, first)| rival >= median(first))
    {
        return Vec::new();
    }
    // A run that was ended early may lack the last round of some.
    let rounds = field.iter().map(|(_, values)| values.len()).min();
    for (_, values) in &mut field {
        values.truncate(rounds.unwrap_or(0));
    }
    field
}

/// What those have at least that cannot be put in order.
fn rivals(summaries: &[Summary<'_>], measure: &Measure) -> impl Iterator<Item = f64> {
    let served = summaries.iter().filter(|summary| summary.ranks());
    served.filter_map(|summary| (measure.at_least)(summary))
}

fn by_round(cell: &Cell, measure: &Measure) -> Vec<f64> {
    let mut trials: Vec<(usize, Option<f64>)> = cell
        .trials
        .iter()
        .map(|trial| (trial.round, (measure.of)(trial)))
        .collect();
    trials.sort_by_key(|(round, _)| *round);
    // One that is unknown in some round cannot be set against others' in that round.
    // Nor one that is nothing: there is no ratio to it.
    let known = trials
        .into_iter()
        .map(|(_, value)| value.filter(|value| *value > 0.0));
    let values: Option<Vec<f64>> = known.collect();
    values.unwrap_or_default()
}

fn ranking<'a>(
    measure: &'static Measure,
    field: &[Named<'a>],
    alpha: f64,
    is_partial: bool,
) -> Option<Ranking<'a>> {
    let rounds = field.first()?.1.len();
    let enough = rounds >= LEAST_ROUNDS;
    // How many times worse `b` is than `a`.
    let worse = |a: &[f64], b: &[f64]| {
        let (over, under) = if measure.less { (b, a) } else { (a, b) };
        paired_ratio(over, under, alpha)
    };
    let is_worse = |a: &[f64], b: &[f64]| worse(a, b).is_some_and(|ratio| ratio.low > 1.0);
    let first = field.first()?.1.clone();
    let places = field.iter().enumerate().map(|(at, (name, values))| {
        let better = field.iter().filter(|(_, other)| is_worse(other, values));
        let rank = enough.then(|| 1 + better.count());
        let against = match worse(&first, values) {
            Some(ratio) if enough && ratio.low > 1.0 => ComparedWithBest::Worse(ratio),
            Some(ratio) if enough => ComparedWithBest::Tied(ratio),
            _ => {
                let ratios: Vec<f64> = first
                    .iter()
                    .zip(values)
                    .map(|(first, other)| {
                        if measure.less {
                            other / first
                        } else {
                            first / other
                        }
                    })
                    .collect();
                let (low, high) = range(&ratios);
                ComparedWithBest::Seen(low, high)
            }
        };
        RankedServer {
            name,
            median: median(values),
            rank,
            against_first: (at > 0).then_some(against),
        }
    });
    let places = places.collect();
    Some(Ranking {
        measure,
        rounds,
        is_partial,
        places,
    })
}
