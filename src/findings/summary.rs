//! Summaries of the trials of a cell: medians over trials, never pooled, never averaged.

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

/// A quantile is shown only with at least this many samples beyond it.
pub const BEYOND: f64 = 10.0;

/// The figures of a cell, over its [`Cell::counted_trials`].
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Correct replies per second.
    pub throughput_rps: Figure,
    /// Whether the generator was the limit in any trial, so that throughput is a lower bound.
    pub limited: bool,
    /// Clients served, in the trial with the fewest.
    pub served: usize,
    /// Clients that sent a request in that trial.
    pub asked: usize,
    /// Jain's fairness index.
    pub fairness: Option<Figure>,
    /// The server's CPU per request, in microseconds.
    pub cpu_us: Option<Figure>,
    /// The user-mode share of that CPU time; `None` if it cannot be measured.
    pub user_share: Option<f64>,
    /// The machine's CPU per request, in microseconds: server, generator, and the kernel for both.
    pub machine_cpu_us: Option<Figure>,
    /// The server's peak memory (PSS), in bytes; `None` if any trial lacks it.
    pub pss_bytes: Option<Figure>,
    /// The peak number of its processes.
    pub processes: Option<u64>,
    /// The peak number of its threads.
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
    /// An exact value, in nanoseconds.
    Is(f64),
    /// A lower bound, in nanoseconds.
    Over(f64),
    /// Some clients were never served, so their waiting time is unknown.
    Starved,
    /// Too few samples are beyond it, or it would only reflect the length of an overload.
    TooFew,
}

impl Figure {
    /// The figure over the trials that have a value; `None` if no trial has one.
    pub fn of(trials: &[Trial], value: impl Fn(&Trial) -> Option<f64>) -> Option<Figure> {
        let values: Vec<f64> = trials.iter().filter_map(value).collect();
        let (low, high) = range(&values);
        (!values.is_empty()).then(|| Figure {
            median: median(&values),
            low,
            high,
        })
    }
}

impl<'a> Summary<'a> {
    /// The summary of a cell; `None` if it has no trial.
    pub fn of(cell: &'a Cell) -> Option<Summary<'a>> {
        let trials = cell.counted_trials();
        let clients = cell.load.clients;
        let worst = trials.iter().min_by_key(|trial| served(trial, clients))?;
        let user_share = |trial: &Trial| {
            let (user, system) = (trial.server.cpu_user_s?, trial.server.cpu_system_s?);
            (user + system > 0.0).then(|| user / (user + system))
        };
        // The kernel cannot divide the CPU time of a process that ends within one clock tick.
        let short_lived = cell.load.requests_per_connection.is_some()
            && cell.contestant.options.workers.is_none();
        let user_share = if short_lived {
            None
        } else {
            Figure::of(trials, user_share)
        };
        Some(Summary {
            cell,
            throughput_rps: Figure::of(trials, |trial| Some(trial.throughput_rps))?,
            limited: trials.iter().any(|trial| trial.generator.limited),
            served: served(worst, clients),
            asked: worst.clients_asked.unwrap_or(clients),
            fairness: Figure::of(trials, |trial| trial.fairness_jain),
            cpu_us: Figure::of(trials, |trial| trial.server.cpu_us_per_request),
            machine_cpu_us: Figure::of(trials, |trial| trial.machine?.cpu_us_per_request),
            user_share: user_share.map(|figure| figure.median),
            pss_bytes: Figure::of(trials, |trial| {
                trial.server.pss_peak_bytes.map(|bytes| bytes as f64)
            })
            // Trials in which it could be read would be those with the fewest processes.
            .filter(|_| {
                trials
                    .iter()
                    .all(|trial| trial.server.pss_peak_bytes.is_some())
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

    /// The trials that the figures are made of.
    pub fn trials(&self) -> &'a [Trial] {
        self.cell.counted_trials()
    }

    /// Whether there is only a trial that was ended early.
    pub fn is_interrupted(&self) -> bool {
        self.trials().iter().any(|trial| trial.interrupted)
    }

    /// The server's name.
    pub fn name(&self) -> &'a str {
        &self.cell.contestant.name
    }

    /// Whether the server's processes were seen, but its memory could not be read.
    pub fn lacks_memory(&self) -> bool {
        self.pss_bytes.is_none() && self.processes.is_some()
    }

    /// Whether, in some trial, a client sent requests but got no correct reply.
    pub fn unserved(&self) -> bool {
        self.served < self.asked
    }

    /// Whether some unserved client got no reply at all.
    pub fn starved(&self) -> bool {
        let trials = self.trials();
        self.unserved() && trials.iter().any(|trial| trial.clients_starved > 0)
    }

    /// Whether it can be ranked: all clients were served, and no trial is invalid or was ended
    /// early.
    pub fn ranks(&self) -> bool {
        !self.unserved() && self.verdict != Verdict::Invalid && !self.is_interrupted()
    }

    /// Whether, in most trials, the rate of an open loop was over the capacity of the server or the generator.
    pub fn over_capacity(&self) -> bool {
        let is_over = |trial: &&Trial| trial.over_capacity();
        self.trials().iter().filter(is_over).count() * 2 > self.trials().len()
    }

    /// The latency at quantile `q`, which `value` reads from a trial, in nanoseconds.
    pub fn latency(&self, q: f64, value: impl Fn(&Trial) -> Option<u64>) -> Shown {
        if self.starved() {
            return Shown::Starved;
        }
        if self.cell.load.then.is_some() {
            return Shown::TooFew;
        }
        let trials = self.trials();
        let enough = |trial: &Trial| q >= 1.0 || trial.samples as f64 * (1.0 - q) >= BEYOND;
        let values: Vec<f64> = trials
            .iter()
            .filter_map(|trial| value(trial).map(|ns| ns as f64))
            .collect();
        if values.len() < trials.len() || !trials.iter().all(enough) {
            return Shown::TooFew;
        }
        // A lower bound has no upper limit, so its highest possible value is infinite.
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

    /// The median latency of the requests that got a reply, in nanoseconds. It is shown when clients starve.
    pub fn answered_p50_ns(&self) -> Option<f64> {
        let histograms = self
            .trials()
            .iter()
            .filter_map(|trial| decode(&trial.histograms.latency));
        let medians: Vec<f64> = histograms
            .filter(|histogram| !histogram.is_empty())
            .map(|histogram| histogram.value_at_quantile(0.5) as f64)
            .collect();
        (!medians.is_empty()).then(|| median(&medians))
    }
}

/// The number of clients that sent requests and were served.
fn served(trial: &Trial, clients: usize) -> usize {
    let asked = trial.clients_asked.unwrap_or(clients);
    asked.saturating_sub(trial.clients_unserved)
}

/// The summaries, grouped by load and scenario.
pub(crate) fn groups<'s, 'a>(
    summaries: &'s [Summary<'a>],
) -> impl Iterator<Item = &'s [Summary<'a>]> {
    summaries.chunk_by(|a, b| a.cell.load == b.cell.load && a.cell.scenario == b.cell.scenario)
}
