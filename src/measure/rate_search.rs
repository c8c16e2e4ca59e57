//! The search for the highest rate within a target, as a plan without any I/O:
//! it says which rate to try, is told what came of it, and says the next.

use crate::record::{SearchInfo, Slo, Step, Trial, Try};
use crate::stats::round_to_three_digits;

/// Tries of a rate whose outcome is close; most of them decide.
const TRIES: usize = 3;
/// A quantile under this share of the limit holds without doubt …
const CLEARLY: f64 = 0.5;
/// … and one of so many times the limit does not.
const CLEARLY_NOT: f64 = 20.0;
/// The search ends when the rates around the edge are this close.
const CLOSE: f64 = 1.05;
/// Where it begins, of what a closed loop achieves.
const FIRST: f64 = 0.7;
/// How far it goes up while nothing breaks, and down while nothing holds.
const UP: f64 = 1.25;
const DOWN: f64 = 0.5;
/// Steps at most, and the lowest rate.
const MOST_STEPS: usize = 20;
const LEAST_RPS: f64 = 1.0;
/// A trial with more failures than this share does not hold, whatever its latencies.
const FAILED: f64 = 0.01;

/// A search that is under way.
#[derive(Debug, Clone)]
pub struct RateSearch {
    info: SearchInfo,
    /// The rate to try next; `None` when it is over.
    next_rps: Option<f64>,
}

impl RateSearch {
    /// A search that begins with a pilot.
    pub fn new(contestant: String, clients: usize, slo: Slo) -> RateSearch {
        RateSearch {
            info: SearchInfo {
                contestant,
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

    /// The pilot, a closed loop, is over.
    pub fn pilot(&mut self, trial: &Trial) {
        self.info.pilot_rps = trial.throughput_rps;
        let first = round_to_three_digits(FIRST * trial.throughput_rps);
        if let Some(unserved) = unserved(trial) {
            self.give_up(format!("already in a closed loop {unserved}"));
        } else if first < LEAST_RPS {
            self.give_up("a closed loop gets less than two requests a second".to_owned());
        } else {
            self.next_rps = Some(first);
        }
    }

    /// Ends it without an answer.
    pub fn give_up(&mut self, why: String) {
        self.info.gave_up = Some(why);
        self.next_rps = None;
    }

    /// The rate to try next; `None` when it is over.
    pub fn next_rps(&self) -> Option<f64> {
        self.next_rps
    }

    /// What it is looking for.
    pub fn slo(&self) -> Slo {
        self.info.slo
    }

    /// The rate was tried, as trial `order` of the record.
    pub fn tried(&mut self, rate_rps: f64, order: usize, trial: &Trial) {
        let slo = self.info.slo;
        let tried = judge(slo, order, trial);
        let times = tried.value_ns.map(|ns| ns as f64 / slo.limit_ns as f64);
        let clearly = tried.why.is_some()
            || times.is_some_and(|times| times >= CLEARLY_NOT || (tried.held && times <= CLEARLY));
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
        let first = step.tries.len() == 1;
        if (clearly && first) || held.max(broke) > TRIES / 2 {
            step.held = held > broke;
            self.decided();
        }
    }

    /// The last step's outcome is known: where to go from there.
    fn decided(&mut self) {
        let info = &mut self.info;
        let rates = |held: bool| {
            let steps = info.steps.iter().filter(move |step| step.held == held);
            steps.map(|step| step.rate_rps)
        };
        // Noise can make a rate hold that is above one that broke: the lower one stands.
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
            (Some(low), Some(high)) if high / low <= CLOSE => None,
            (Some(low), Some(high)) => Some((low * high).sqrt()),
            // Further each time: the pilot may say little of it.
            (Some(low), None) => Some(low * UP.powi(info.steps.len() as i32)),
            (None, Some(high)) => Some(high * DOWN),
            (None, None) => None,
        };
        let next = next.map(round_to_three_digits);
        let new = |rps: &f64| info.steps.iter().all(|step| step.rate_rps != *rps);
        let worth = |rps: &f64| *rps >= LEAST_RPS && info.steps.len() < MOST_STEPS;
        self.next_rps = next.filter(new).filter(worth);
    }

    /// What it has shown so far.
    pub fn into_info(self) -> SearchInfo {
        self.info
    }
}

/// Whether a trial kept the target.
fn judge(slo: Slo, order: usize, trial: &Trial) -> Try {
    let value_ns = slo.of(&trial.latency_ns);
    let failed = trial.errors.total() as f64 > FAILED * trial.samples as f64;
    let why = if let Some(unserved) = unserved(trial) {
        Some(unserved)
    } else if trial.over_capacity() {
        Some("over capacity".to_owned())
    } else if failed {
        Some(format!("{} failed", trial.errors.total()))
    } else {
        None
    };
    let known = trial.censored.count == 0 || slo.quantile <= trial.exact_below;
    let under = value_ns.is_some_and(|ns| ns < slo.limit_ns);
    Try {
        order,
        value_ns,
        held: why.is_none() && known && under,
        why,
        limited: trial.generator.limited,
    }
}

/// How many clients asked and were never answered rightly, if any were.
fn unserved(trial: &Trial) -> Option<String> {
    let (unserved, asked) = (trial.clients_unserved, trial.clients_asked?);
    (unserved > 0).then(|| format!("{} of {asked} clients were served", asked - unserved))
}
