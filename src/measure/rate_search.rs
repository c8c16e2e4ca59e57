//! The search for the highest rate within a target, without any I/O: it returns
//! the rate to try, takes the result, and returns the next rate.

use crate::record::{SearchInfo, Slo, Step, Trial, Try};
use crate::stats::round_to_three_digits;

/// Tries of a rate whose result is close to the limit; the majority decides.
const MAX_TRIES: usize = 3;
/// One try is enough when the quantile is at most this share of the limit …
const CLEARLY_HOLDS: f64 = 0.5;
/// … or at least this multiple of it.
const CLEARLY_BREAKS: f64 = 20.0;
/// The search ends when the ratio of the lowest rate that breaks to the highest that holds is
/// this small.
const EDGE_RATIO: f64 = 1.05;
/// The first rate, as a share of the throughput of a closed loop.
const FIRST_SHARE: f64 = 0.7;
/// The factors for the next rate while no rate has broken, and while none has held.
const RAISE_FACTOR: f64 = 1.25;
const LOWER_FACTOR: f64 = 0.5;
const MAX_STEPS: usize = 20;
const MIN_RPS: f64 = 1.0;
/// A rate does not hold in a trial with a larger share of failures, at any latency.
const MAX_FAILED_SHARE: f64 = 0.01;

/// A search in progress.
#[derive(Debug, Clone)]
pub struct RateSearch {
    info: SearchInfo,
    /// The rate to try next; `None` when the search is over.
    next_rps: Option<f64>,
}

/// Trials per step near the edge, on average: a rate close to the limit is tried up to three times.
const USUAL_TRIES: usize = 2;

impl RateSearch {
    /// Trials that a search usually needs after its pilot.
    pub const USUAL_TRIALS: usize = 11;

    /// A search that begins with a pilot.
    pub fn new(server: String, clients: usize, slo: Slo) -> RateSearch {
        RateSearch {
            info: SearchInfo {
                contestant: server,
                workers: None,
                clients,
                slo,
                pilot_rps: 0.0,
                steps: Vec::new(),
                holds_rps: None,
                breaks_rps: None,
                limited: false,
                gave_up: None,
            },
            next_rps: None,
        }
    }

    /// The same search, of a server with this number of workers.
    #[must_use]
    pub(crate) fn with_workers(mut self, workers: Option<usize>) -> RateSearch {
        self.info.workers = workers;
        self
    }

    /// Takes the result of the pilot, which is a closed loop.
    pub fn pilot(&mut self, trial: &Trial) {
        self.info.pilot_rps = trial.throughput_rps;
        let first = round_to_three_digits(FIRST_SHARE * trial.throughput_rps);
        if let Some(unserved) = unserved(trial) {
            self.give_up(format!("in the closed-loop pilot the server {unserved}"));
        } else if first < MIN_RPS {
            self.give_up(
                "the closed-loop pilot reached fewer than two requests per second".to_owned(),
            );
        } else {
            self.next_rps = Some(first);
        }
    }

    /// Ends the search without a result.
    pub fn give_up(&mut self, why: String) {
        self.info.gave_up = Some(why);
        self.next_rps = None;
    }

    /// The rate to try next, in requests per second; `None` when the search is over.
    pub fn next_rps(&self) -> Option<f64> {
        self.next_rps
    }

    /// Trials that are expected until the search ends, after its pilot.
    pub fn trials_left(&self) -> usize {
        if self.next_rps.is_none() {
            return 0;
        }
        // Each step halves the logarithm of the ratio.
        let halvings = |ratio: f64| (ratio.ln() / EDGE_RATIO.ln()).log2().ceil().max(1.0) as usize;
        let steps = match (self.info.holds_rps, self.info.breaks_rps) {
            (Some(low), Some(high)) => halvings(high / low),
            (Some(_), None) => 1 + halvings(RAISE_FACTOR.powi(self.info.steps.len() as i32)),
            (None, Some(_)) => 1 + halvings(1.0 / LOWER_FACTOR),
            (None, None) => return RateSearch::USUAL_TRIALS,
        };
        let tried = self.info.steps.last().map_or(0, |step| {
            if Some(step.rate_rps) == self.next_rps {
                step.tries.len()
            } else {
                0
            }
        });
        (steps.min(MAX_STEPS) * USUAL_TRIES)
            .saturating_sub(tried)
            .max(1)
    }

    /// The target.
    pub fn slo(&self) -> Slo {
        self.info.slo
    }

    /// Takes the result of a try of `rate_rps`: trial `order` of the record.
    pub fn tried(&mut self, rate_rps: f64, order: usize, trial: &Trial) {
        let slo = self.info.slo;
        let tried = judge(slo, order, trial);
        let ratio = tried.value_ns.map(|ns| ns as f64 / slo.limit_ns as f64);
        let is_clear = tried.why.is_some()
            || ratio.is_some_and(|ratio| {
                ratio >= CLEARLY_BREAKS || (tried.held && ratio <= CLEARLY_HOLDS)
            });
        let steps = &mut self.info.steps;
        if steps.last().is_none_or(|step| step.rate_rps != rate_rps) {
            steps.push(Step {
                rate_rps,
                tries: Vec::new(),
                held: false,
            });
        }
        let Some(step) = steps.last_mut() else {
            return;
        };
        step.tries.push(tried);
        let held = step.tries.iter().filter(|tried| tried.held).count();
        let broke = step.tries.len() - held;
        let is_first = step.tries.len() == 1;
        if (is_clear && is_first) || held.max(broke) > MAX_TRIES / 2 {
            step.held = held > broke;
            self.choose_next();
        }
    }

    /// Chooses the next rate after the last step has a result.
    fn choose_next(&mut self) {
        let info = &mut self.info;
        let rates = |held: bool| {
            let steps = info.steps.iter().filter(move |step| step.held == held);
            steps.map(|step| step.rate_rps)
        };
        // Noise can make a rate hold that is above one that broke: the lower result counts.
        let breaks = rates(false).min_by(f64::total_cmp);
        let below = |rps: &f64| breaks.is_none_or(|breaks| *rps < breaks);
        let holds = rates(true).filter(below).max_by(f64::total_cmp);
        (info.holds_rps, info.breaks_rps) = (holds, breaks);
        let edge = info
            .steps
            .iter()
            .filter(|step| Some(step.rate_rps) == breaks);
        info.limited = edge.flat_map(|step| &step.tries).any(|tried| tried.limited);
        let next = match (holds, breaks) {
            (Some(low), Some(high)) if high / low <= EDGE_RATIO => None,
            (Some(low), Some(high)) => Some((low * high).sqrt()),
            // Larger steps each time: the pilot can be far below the capacity.
            (Some(low), None) => Some(low * RAISE_FACTOR.powi(info.steps.len() as i32)),
            (None, Some(high)) => Some(high * LOWER_FACTOR),
            (None, None) => None,
        };
        let next = next.map(round_to_three_digits);
        let is_new = |rps: &f64| info.steps.iter().all(|step| step.rate_rps != *rps);
        let is_allowed = |rps: &f64| *rps >= MIN_RPS && info.steps.len() < MAX_STEPS;
        self.next_rps = next.filter(is_new).filter(is_allowed);
    }

    /// The results so far, in the form of the record.
    pub fn into_info(self) -> SearchInfo {
        self.info
    }
}

/// Whether the target held in a trial.
fn judge(slo: Slo, order: usize, trial: &Trial) -> Try {
    let value_ns = slo.of(&trial.latency_ns);
    let failed = trial.errors.total() as f64 > MAX_FAILED_SHARE * trial.requests_concerned() as f64;
    let why = if let Some(unserved) = unserved(trial) {
        Some(unserved)
    } else if trial.over_capacity() {
        Some("over capacity".to_owned())
    } else if failed {
        Some(format!("{} requests failed", trial.errors.total()))
    } else {
        None
    };
    let is_exact = trial.censored.count == 0 || slo.quantile <= trial.exact_below;
    let is_under = value_ns.is_some_and(|ns| ns < slo.limit_ns);
    Try {
        order,
        value_ns,
        held: why.is_none() && is_exact && is_under,
        why,
        limited: trial.generator.limited,
    }
}

/// The number of clients served, if some clients sent requests and never got a correct reply.
fn unserved(trial: &Trial) -> Option<String> {
    let (unserved, asked) = (trial.clients_unserved, trial.clients_asked?);
    (unserved > 0).then(|| format!("served only {} of {asked} clients", asked - unserved))
}
