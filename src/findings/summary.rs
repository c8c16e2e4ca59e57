//! What the trials of a cell say together: medians over trials, never pooled, never averaged.

use super::units::time;
use crate::record::histogram::decode;
use crate::record::{Cell, Trial, Verdict};
use crate::stats::{median, range};

/// A quantile as text.
pub(crate) fn quantile_text(shown: Shown) -> String {
    match shown {
        Shown::Is(ns) => time(ns),
        Shown::Over(ns) => format!(">{}", time(ns)),
        Shown::Starved => "starved".to_owned(),
        Shown::TooFew => "–".to_owned(),
    }
}

/// A quantile is shown only with so many samples beyond it.
pub const BEYOND: f64 = 10.0;

/// A cell in figures.
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// What it sums up.
    pub cell: &'a Cell,
    /// Right replies a second.
    pub throughput_rps: Figure,
    /// Whether the generator was the limit in any trial, so that throughput is a lower bound.
    pub limited: bool,
    /// Clients served, in the trial with the fewest, …
    pub served: usize,
    /// … of so many that asked anything there.
    pub asked: usize,
    /// Jain's index.
    pub fairness: Option<Figure>,
    /// The server's CPU a request, in microseconds.
    pub cpu_us: Option<Figure>,
    /// The user-mode share of it; none where it cannot be known.
    pub user_share: Option<f64>,
    /// The server's memory at its peak.
    pub pss_bytes: Option<Figure>,
    /// Its processes.
    pub processes: Option<u64>,
    /// Its threads.
    pub threads: Option<u64>,
    /// The worst verdict of its trials.
    pub verdict: Verdict,
}

/// The median over trials and their range.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Figure {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// How a quantile is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// It is this.
    Is(f64),
    /// It is over this, and nobody knows by how much.
    Over(f64),
    /// Clients were never served: no quantile says how long they would have waited.
    Starved,
    /// Too few samples lie beyond it, or it would only say how long an overload lasted.
    TooFew,
}

impl Figure {
    /// Of the trials that have it; `None` where none has.
    pub fn of(trials: &[Trial], of: impl Fn(&Trial) -> Option<f64>) -> Option<Figure> {
        let values: Vec<f64> = trials.iter().filter_map(of).collect();
        let (low, high) = range(&values);
        (!values.is_empty()).then(|| Figure {
            median: median(&values),
            low,
            high,
        })
    }
}

impl<'a> Summary<'a> {
    /// Sums up a cell; `None` when it has no trial.
    pub fn of(cell: &'a Cell) -> Option<Summary<'a>> {
        let trials = &cell.trials;
        let all = cell.load.clients;
        let worst = trials.iter().min_by_key(|trial| served(trial, all))?;
        let user = |trial: &Trial| {
            let (user, system) = (trial.server.cpu_user_s?, trial.server.cpu_system_s?);
            (user + system > 0.0).then(|| user / (user + system))
        };
        // Of processes that end within a clock tick the kernel cannot tell the two apart.
        let short_lived = cell.load.requests_per_connection.is_some()
            && cell.contestant.options.workers.is_none();
        let split = if short_lived {
            None
        } else {
            Figure::of(trials, user)
        };
        Some(Summary {
            cell,
            throughput_rps: Figure::of(trials, |trial| Some(trial.throughput_rps))?,
            limited: trials.iter().any(|trial| trial.generator.limited),
            served: served(worst, all),
            asked: worst.clients_asked.unwrap_or(all),
            fairness: Figure::of(trials, |trial| trial.fairness_jain),
            cpu_us: Figure::of(trials, |trial| trial.server.cpu_us_per_request),
            user_share: split.map(|figure| figure.median),
            pss_bytes: Figure::of(trials, |trial| {
                trial.server.pss_peak_bytes.map(|bytes| bytes as f64)
            }),
            processes: trials
                .iter()
                .filter_map(|trial| trial.server.processes_peak)
                .max(),
            threads: trials
                .iter()
                .filter_map(|trial| trial.server.threads_peak)
                .max(),
            verdict: trials
                .iter()
                .map(|trial| trial.validity.verdict)
                .max()
                .unwrap_or(Verdict::Valid),
        })
    }

    /// The contestant's name.
    pub fn name(&self) -> &'a str {
        &self.cell.contestant.name
    }

    /// Whether some client asked and was never answered rightly, in some trial.
    pub fn unserved(&self) -> bool {
        self.served < self.asked
    }

    /// Whether some of these heard nothing at all and were left waiting.
    pub fn starved(&self) -> bool {
        let trials = &self.cell.trials;
        self.unserved() && trials.iter().any(|trial| trial.clients_starved > 0)
    }

    /// Whether its throughput may be set against others'.
    pub fn ranks(&self) -> bool {
        !self.unserved() && self.verdict != Verdict::Invalid
    }

    /// Whether an open loop's rate was over what the contestant, or the generator, can do.
    pub fn over_capacity(&self) -> bool {
        let over = |trial: &&Trial| trial.over_capacity();
        self.cell.trials.iter().filter(over).count() * 2 > self.cell.trials.len()
    }

    /// The latency at `q`, of which `value` is the record's.
    pub fn latency(&self, q: f64, value: impl Fn(&Trial) -> Option<u64>) -> Shown {
        if self.starved() {
            return Shown::Starved;
        }
        if self.cell.load.then.is_some() {
            return Shown::TooFew;
        }
        let trials = &self.cell.trials;
        let enough = |trial: &Trial| q >= 1.0 || trial.samples as f64 * (1.0 - q) >= BEYOND;
        let values: Vec<f64> = trials
            .iter()
            .filter_map(|trial| value(trial).map(|ns| ns as f64))
            .collect();
        if values.len() < trials.len() || !trials.iter().all(enough) {
            return Shown::TooFew;
        }
        // As within a trial: a bound may be anything above itself.
        let is_bound = |trial: &Trial| trial.censored.count > 0 && q > trial.exact_below;
        let highest = trials
            .iter()
            .zip(&values)
            .map(|(trial, ns)| if is_bound(trial) { f64::INFINITY } else { *ns });
        let (low, high) = (median(&values), median(&highest.collect::<Vec<_>>()));
        if low == high {
            Shown::Is(low)
        } else {
            Shown::Over(low)
        }
    }

    /// The median latency of those that were answered, for the note below starvation.
    pub fn answered_p50_ns(&self) -> Option<f64> {
        let histograms = self
            .cell
            .trials
            .iter()
            .filter_map(|trial| decode(&trial.histograms.latency));
        let medians: Vec<f64> = histograms
            .filter(|histogram| !histogram.is_empty())
            .map(|histogram| histogram.value_at_quantile(0.5) as f64)
            .collect();
        (!medians.is_empty()).then(|| median(&medians))
    }
}

/// Clients that were served of all: of those that asked, the others.
fn served(trial: &Trial, all: usize) -> usize {
    let asked = trial.clients_asked.unwrap_or(all);
    asked.saturating_sub(trial.clients_unserved)
}

/// The summaries, those of one load together.
pub(crate) fn groups<'s, 'a>(
    summaries: &'s [Summary<'a>],
) -> impl Iterator<Item = &'s [Summary<'a>]> {
    summaries.chunk_by(|a, b| a.cell.load == b.cell.load && a.cell.scenario == b.cell.scenario)
}
