//! Rankings of servers with confidence intervals, for sentences, tables and charts.
//!
//! Only servers that served all their clients are ranked, and only by measures that are
//! comparable across models: CPU per request, throughput in a closed loop where the
//! generator was not the limit, response time and goodput at equal absolute rates.

use super::summary::{BEYOND, Figure, Summary};
use crate::record::{Cell, Mode, Trial};
use crate::stats::{Ratio, median, paired_ratio, range};

/// With fewer rounds there is no ranking.
pub const LEAST_ROUNDS: usize = 6;
/// The highest probability that the claims about one load include a false one.
const ALPHA: f64 = 0.05;

/// A figure by which servers are ranked.
#[derive(Debug)]
pub struct Measure {
    /// Its name for people.
    pub name: &'static str,
    /// Predicate of the best server.
    pub best: &'static str,
    /// Template for another server compared with the best; `{name}` and `{times}` are replaced.
    pub other: &'static str,
    /// Whether a smaller figure is better.
    pub less: bool,
    /// The unit of the figure.
    pub unit: Unit,
    value: fn(&Trial) -> Option<f64>,
    /// Whether the measure is meaningful for this server under this load.
    applies: fn(&Summary<'_>) -> bool,
    /// A lower bound on the figure of a server that cannot be ranked. A server with a
    /// smaller figure must not be called the best.
    lower_bound: fn(&Summary<'_>) -> Option<f64>,
}

/// The unit of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Micros,
    /// Requests per second.
    Rate,
    /// Nanoseconds.
    TimeNs,
}

/// All measures, in the order in which they are reported.
pub static ALL: &[Measure] = &[
    Measure {
        name: "Server CPU per request",
        best: "needs the least",
        other: "{name} needs {times}",
        less: true,
        unit: Unit::Micros,
        value: |trial| trial.server.cpu_us_per_request,
        applies: |_| true,
        lower_bound: |_| None,
    },
    Measure {
        name: "Throughput",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        value: |trial| Some(trial.throughput_rps),
        // In an open loop, the load generator sets the throughput.
        applies: |summary| !summary.limited && summary.cell.load.mode == Mode::Closed,
        lower_bound: |summary| summary.limited.then_some(summary.throughput_rps.median),
    },
    Measure {
        name: "Response time (p95)",
        best: "has the shortest",
        other: "{name} takes {times}",
        less: true,
        unit: Unit::TimeNs,
        value: p95,
        // Over capacity, response time only reflects the length of the run.
        applies: |summary| {
            let load = &summary.cell.load;
            load.mode != Mode::Closed && load.then.is_none() && !summary.over_capacity()
        },
        lower_bound: |_| None,
    },
    Measure {
        name: "Goodput under overload",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        value: goodput,
        applies: |summary| !summary.limited && summary.cell.load.then.is_some(),
        lower_bound: |summary| {
            let goodput = Figure::of(summary.trials(), goodput);
            goodput
                .filter(|_| summary.limited)
                .map(|goodput| goodput.median)
        },
    },
];

/// The p95 of a trial, if it is exact and has enough samples beyond it.
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

/// Servers under one load, ranked by one measure.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// The measure.
    pub measure: &'static Measure,
    /// The number of rounds that all servers completed.
    pub rounds: usize,
    /// Whether some servers are left out because only a lower bound of their figure is known.
    /// They may be better.
    pub is_partial: bool,
    /// The servers, best first.
    pub places: Vec<RankedServer<'a>>,
}

/// The place of one server in a ranking.
#[derive(Debug)]
pub struct RankedServer<'a> {
    /// Its name.
    pub name: &'a str,
    /// The median over rounds.
    pub median: f64,
    /// One plus the number of servers shown to be better; `None` with too few rounds.
    pub rank: Option<usize>,
    /// The ratio to the best; `None` for the best itself.
    pub against_first: Option<ComparedWithBest>,
}

/// How a server compares with the best.
#[derive(Debug, Clone, Copy)]
pub enum ComparedWithBest {
    /// Worse by this ratio. Its simultaneous confidence interval is above 1.
    Worse(Ratio),
    /// The simultaneous confidence interval of the ratio includes 1.
    NotDistinguishable(Ratio),
    /// Too few rounds: the smallest and the largest ratio observed.
    Seen(f64, f64),
}

impl Ranking<'_> {
    /// Whether there are enough rounds for a ranking.
    pub fn is_enough(&self) -> bool {
        self.rounds >= LEAST_ROUNDS
    }
}

/// The rankings of servers under one load, for each measure that can rank two servers or more.
pub fn rankings<'a>(summaries: &[Summary<'a>]) -> Vec<Ranking<'a>> {
    let comparisons: Vec<(&'static Measure, Vec<ServerValues<'a>>)> = ALL
        .iter()
        .map(|measure| (measure, comparable(summaries, measure)))
        .filter(|(_, servers)| servers.len() > 1)
        .collect();
    // Bonferroni correction: every pair of each measure counts as one comparison.
    let pairs: usize = comparisons
        .iter()
        .map(|(_, servers)| servers.len() * (servers.len() - 1) / 2)
        .sum();
    let alpha = ALPHA / pairs.max(1) as f64;
    let ranked = comparisons.into_iter().filter_map(|(measure, servers)| {
        let is_partial = lower_bounds(summaries, measure).next().is_some();
        ranking(measure, &servers, alpha, is_partial)
    });
    ranked.collect()
}

/// A server's name and its figure in each round.
type ServerValues<'a> = (&'a str, Vec<f64>);

/// The servers that a measure can rank, best first, each with the same number of rounds.
fn comparable<'a>(summaries: &[Summary<'a>], measure: &Measure) -> Vec<ServerValues<'a>> {
    let applicable = summaries
        .iter()
        .filter(|summary| summary.ranks() && (measure.applies)(summary));
    let mut servers: Vec<ServerValues<'a>> = applicable
        .map(|summary| (summary.name(), by_round(summary.cell, measure)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let key = |values: &[f64]| median(values) * if measure.less { 1.0 } else { -1.0 };
    servers.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
    let bound = lower_bounds(summaries, measure).fold(0.0, f64::max);
    if servers
        .first()
        .is_some_and(|(_, best)| bound >= median(best))
    {
        return Vec::new();
    }
    // If a run ended early, some servers may lack the last round.
    let rounds = servers.iter().map(|(_, values)| values.len()).min();
    for (_, values) in &mut servers {
        values.truncate(rounds.unwrap_or(0));
    }
    servers
}

/// The lower bounds of the servers that cannot be ranked.
fn lower_bounds(summaries: &[Summary<'_>], measure: &Measure) -> impl Iterator<Item = f64> {
    let served = summaries.iter().filter(|summary| summary.ranks());
    served.filter_map(|summary| (measure.lower_bound)(summary))
}

fn by_round(cell: &Cell, measure: &Measure) -> Vec<f64> {
    let mut trials: Vec<(usize, Option<f64>)> = cell
        .counted_trials()
        .iter()
        .map(|trial| (trial.round, (measure.value)(trial)))
        .collect();
    trials.sort_by_key(|(round, _)| *round);
    // Ratios are formed within rounds, so a server needs a figure in every round.
    // A figure of 0 has no ratio.
    let known = trials
        .into_iter()
        .map(|(_, value)| value.filter(|value| *value > 0.0));
    let values: Option<Vec<f64>> = known.collect();
    values.unwrap_or_default()
}

fn ranking<'a>(
    measure: &'static Measure,
    servers: &[ServerValues<'a>],
    alpha: f64,
    is_partial: bool,
) -> Option<Ranking<'a>> {
    let rounds = servers.first()?.1.len();
    let enough = rounds >= LEAST_ROUNDS;
    // The ratio of `b` to `a`; over 1 means that `b` is worse.
    let worse = |a: &[f64], b: &[f64]| {
        let (numerator, denominator) = if measure.less { (b, a) } else { (a, b) };
        paired_ratio(numerator, denominator, alpha)
    };
    let is_worse = |a: &[f64], b: &[f64]| worse(a, b).is_some_and(|ratio| ratio.low > 1.0);
    let best = servers.first()?.1.clone();
    let places = servers.iter().enumerate().map(|(at, (name, values))| {
        let better = servers.iter().filter(|(_, other)| is_worse(other, values));
        let rank = enough.then(|| 1 + better.count());
        let compared = match worse(&best, values) {
            Some(ratio) if enough && ratio.low > 1.0 => ComparedWithBest::Worse(ratio),
            Some(ratio) if enough => ComparedWithBest::NotDistinguishable(ratio),
            _ => {
                let ratios: Vec<f64> = best
                    .iter()
                    .zip(values)
                    .map(|(best, other)| {
                        if measure.less {
                            other / best
                        } else {
                            best / other
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
            against_first: (at > 0).then_some(compared),
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
