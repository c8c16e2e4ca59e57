//! Rankings of servers with confidence intervals, for sentences, tables and charts.
//!
//! Only servers that served all their clients are ranked, and only by the measures that are
//! comparable under the load: [`super::measures::ALL`].

use super::measures::{ALL, Measure};
use super::summary::Summary;
use crate::record::{Cell, RoundsRule, Trial};
use crate::stats::{Ratio, anytime_ratio, median, paired_ratio, range};

/// With fewer rounds there is no ranking.
pub const LEAST_ROUNDS: usize = 6;
/// The highest probability that the claims about one load include a false one.
const ALPHA: f64 = 0.05;

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
    let comparisons: Vec<(&'static Measure, Vec<ServerValues<'a>>)> = measures_of(summaries)
        .map(|measure| (measure, comparable(summaries, measure)))
        .filter(|(_, servers)| servers.len() > 1)
        .collect();
    let test = Test::of(summaries, &comparisons);
    let ranked = comparisons.into_iter().filter_map(|(measure, servers)| {
        let is_partial = lower_bounds(summaries, measure).next().is_some();
        ranking(measure, &servers, test, is_partial)
    });
    ranked.collect()
}

/// Differences below this are not worth further rounds.
const NEGLIGIBLE_RATIO: f64 = 1.05;

/// Whether more rounds may show an order that matters: between the best server and another one, by
/// a figure that rounds are added for.
pub fn is_undecided(summaries: &[Summary<'_>]) -> bool {
    let is_open = |place: &RankedServer<'_>| match place.against_first {
        None | Some(ComparedWithBest::Worse(_)) => false,
        Some(ComparedWithBest::Seen(..)) => true,
        Some(ComparedWithBest::NotDistinguishable(ratio)) => {
            ratio.high > NEGLIGIBLE_RATIO || ratio.low < 1.0 / NEGLIGIBLE_RATIO
        }
    };
    let rankings = rankings(summaries);
    let mut awaited = rankings.iter().filter(|ranking| ranking.measure.is_awaited);
    awaited.any(|ranking| ranking.places.iter().any(is_open))
}

/// The measures that compare servers under the load of these summaries.
fn measures_of(summaries: &[Summary<'_>]) -> impl Iterator<Item = &'static Measure> {
    let load = summaries.first().map(|summary| &summary.cell.load);
    ALL.iter()
        .filter(move |measure| load.is_some_and(measure.of_load))
}

/// How pairs of servers are compared.
#[derive(Debug, Clone, Copy)]
struct Test {
    rounds: RoundsRule,
    /// The error rate of one pair and measure.
    alpha: f64,
}

impl Test {
    /// Bonferroni correction: every pair of each measure counts as one comparison.
    fn of(
        summaries: &[Summary<'_>],
        comparisons: &[(&'static Measure, Vec<ServerValues<'_>>)],
    ) -> Test {
        let rounds = summaries.first().map(|summary| summary.cell.rounds);
        let rounds = rounds.unwrap_or_default();
        let pairs = |servers: usize| servers * servers.saturating_sub(1) / 2;
        let comparisons: usize = match rounds {
            RoundsRule::Fixed => comparisons
                .iter()
                .map(|(_, servers)| pairs(servers.len()))
                .sum(),
            // Which servers can be ranked may change as rounds are added; the correction must not.
            RoundsRule::UntilDecided => pairs(summaries.len()) * measures_of(summaries).count(),
        };
        Test {
            rounds,
            alpha: ALPHA / comparisons.max(1) as f64,
        }
    }

    /// How much worse `b` is than `a`; over 1 means that it is. `b` is called worse only if the
    /// figures show it both with and without the generator's part, by the smaller of the two
    /// ratios; else the interval covers both. This needs no correction for two tests (Berger,
    /// *Multiparameter Hypothesis Testing and Acceptance Sampling*, Technometrics, 1982).
    fn worse(self, measure: &Measure, a: &ServerValues<'_>, b: &ServerValues<'_>) -> Option<Ratio> {
        let worse = |a: &[f64], b: &[f64]| {
            let (numerator, denominator) = if measure.less { (b, a) } else { (a, b) };
            self.ratio(numerator, denominator)
        };
        let whole = worse(&a.values, &b.values)?;
        let (Some(a), Some(b)) = (&a.without_generator, &b.without_generator) else {
            return Some(whole);
        };
        let own = worse(a, b)?;
        let smaller = if own.low < whole.low { own } else { whole };
        let is_worse = smaller.low > 1.0;
        Some(Ratio {
            high: if is_worse {
                smaller.high
            } else {
                own.high.max(whole.high)
            },
            ..smaller
        })
    }

    fn ratio(self, numerator: &[f64], denominator: &[f64]) -> Option<Ratio> {
        match self.rounds {
            RoundsRule::Fixed => paired_ratio(numerator, denominator, self.alpha),
            RoundsRule::UntilDecided => anytime_ratio(numerator, denominator, self.alpha),
        }
    }
}

/// A server and its figure in each round.
#[derive(Debug)]
struct ServerValues<'a> {
    name: &'a str,
    values: Vec<f64>,
    /// The same without the generator's part.
    without_generator: Option<Vec<f64>>,
}

impl<'a> ServerValues<'a> {
    fn of(summary: &Summary<'a>, measure: &Measure) -> ServerValues<'a> {
        let without_generator = measure.without_generator;
        ServerValues {
            name: summary.name(),
            values: by_round(summary.cell, measure.value),
            without_generator: without_generator.map(|value| by_round(summary.cell, value)),
        }
    }

    /// Whether every round has its figures.
    fn is_known(&self) -> bool {
        let without_generator = self.without_generator.as_ref();
        !self.values.is_empty() && without_generator.is_none_or(|values| !values.is_empty())
    }

    fn truncate(&mut self, rounds: usize) {
        self.values.truncate(rounds);
        if let Some(values) = &mut self.without_generator {
            values.truncate(rounds);
        }
    }
}

/// The servers that a measure can rank, best first, each with the same number of rounds.
fn comparable<'a>(summaries: &[Summary<'a>], measure: &Measure) -> Vec<ServerValues<'a>> {
    let applicable = summaries
        .iter()
        .filter(|summary| summary.ranks() && (measure.applies)(summary));
    let mut servers: Vec<ServerValues<'a>> = applicable
        .map(|summary| ServerValues::of(summary, measure))
        .filter(ServerValues::is_known)
        .collect();
    let key = |values: &[f64]| median(values) * if measure.less { 1.0 } else { -1.0 };
    servers.sort_by(|a, b| key(&a.values).total_cmp(&key(&b.values)));
    if let Some(best) = servers.first() {
        let best = median(&best.values);
        let may_be_better = |bound: f64| {
            if measure.less {
                bound < best
            } else {
                bound >= best
            }
        };
        if lower_bounds(summaries, measure).any(may_be_better) {
            return Vec::new();
        }
    }
    // If a run ended early, some servers may lack the last round.
    let rounds = servers.iter().map(|server| server.values.len()).min();
    for server in &mut servers {
        server.truncate(rounds.unwrap_or(0));
    }
    servers
}

/// The lower bounds of the servers that cannot be ranked.
fn lower_bounds(summaries: &[Summary<'_>], measure: &Measure) -> impl Iterator<Item = f64> {
    let served = summaries.iter().filter(|summary| summary.ranks());
    served.filter_map(|summary| (measure.lower_bound)(summary))
}

fn by_round(cell: &Cell, value: fn(&Trial) -> Option<f64>) -> Vec<f64> {
    let mut trials: Vec<(usize, Option<f64>)> = cell
        .counted_trials()
        .iter()
        .map(|trial| (trial.round, value(trial)))
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

/// The ratios of a server's figures to the best one's, round by round; over 1 is worse.
fn ratios_to(best: &ServerValues<'_>, server: &ServerValues<'_>, less: bool) -> Vec<f64> {
    let pairs = best.values.iter().zip(&server.values);
    let ratio = |(best, server): (&f64, &f64)| match less {
        true => server / best,
        false => best / server,
    };
    pairs.map(ratio).collect()
}

fn ranking<'a>(
    measure: &'static Measure,
    servers: &[ServerValues<'a>],
    test: Test,
    is_partial: bool,
) -> Option<Ranking<'a>> {
    let best = servers.first()?;
    let rounds = best.values.len();
    let enough = rounds >= LEAST_ROUNDS;
    let worse = |a: &ServerValues<'_>, b: &ServerValues<'_>| test.worse(measure, a, b);
    let is_worse = |a, b| worse(a, b).is_some_and(|ratio| ratio.low > 1.0);
    let places = servers.iter().enumerate().map(|(at, server)| {
        let better = servers.iter().filter(|other| is_worse(other, server));
        let rank = enough.then(|| 1 + better.count());
        let compared = match worse(best, server) {
            Some(ratio) if enough && ratio.low > 1.0 => ComparedWithBest::Worse(ratio),
            Some(ratio) if enough => ComparedWithBest::NotDistinguishable(ratio),
            _ => {
                let ratios = ratios_to(best, server, measure.less);
                let (low, high) = range(&ratios);
                ComparedWithBest::Seen(low, high)
            }
        };
        RankedServer {
            name: server.name,
            median: median(&server.values),
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
