//! The search for the highest rate within a target, without any I/O: it returns
//! the rate to try, takes the result, and returns the next rate.
//!
//! No single result decides: each try moves the estimate of the rate at which half of the tries
//! hold ([`Threshold`], over the logarithm of the rate).

use super::try_result::{try_result, unserved};
use crate::record::{RateEstimate, SearchInfo, SearchRule, Slo, Step, Trial, Try};
use crate::stats::{Threshold, round_to_three_digits};

/// The most tries of a search.
const MAX_TRIES: usize = 20;
/// The least tries of a search that ends because its interval is narrow.
const MIN_TRIES: usize = 8;
/// The interval is narrow when this is the ratio of its ends, or less.
const NARROW: f64 = 1.10;
/// Tries before the rates that mostly hold and mostly break are tried as well, so that it is known
/// how gradually the result changes.
const HALF_ONLY: usize = 5;
/// The rules that take turns after that.
const TURNS: [SearchRule; 4] = [
    SearchRule::Half,
    SearchRule::Holds,
    SearchRule::Half,
    SearchRule::Breaks,
];
/// `holds_rps` is the rate at which this share of tries holds, `breaks_rps` that at which it breaks.
const MOSTLY: f64 = 0.8;
/// The part of the posterior that is inside the interval.
const CONFIDENCE: f64 = 0.95;
/// The share of results that is taken to be wrong whatever the rate …
const FALSE_SHARE: f64 = 0.05;
/// … and of clear ones.
const CLEAR_FALSE_SHARE: f64 = 0.02;
/// The first rate, as a share of the throughput of a closed loop.
const FIRST_SHARE: f64 = 0.7;
/// The ratio of rates next to each other. Rates are of this series, so that they are tried again.
const SERIES_RATIO: f64 = 1.03;
const MIN_RPS: f64 = 1.0;

/// A search in progress.
#[derive(Debug, Clone)]
pub struct RateSearch {
    info: SearchInfo,
    posterior: Threshold,
    /// The rate to try next and why; `None` when the search is over.
    next: Option<(f64, SearchRule)>,
}

impl RateSearch {
    /// Trials that a search usually needs after its pilot.
    pub const USUAL_TRIALS: usize = MAX_TRIES;

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
                edge: None,
                limited: false,
                server_cores: None,
                holds_rps_per_core: None,
                gave_up: None,
            },
            posterior: Threshold::near(0.0),
            next: None,
        }
    }

    /// The same search, of a server with this number of workers.
    #[must_use]
    pub(crate) fn with_workers(mut self, workers: Option<usize>) -> RateSearch {
        self.info.workers = workers;
        self
    }

    /// The same search, of a server that may use this number of cores only.
    #[must_use]
    pub fn with_cores(mut self, cores: Option<usize>) -> RateSearch {
        self.info.server_cores = cores;
        self
    }

    /// Takes the result of the pilot, which is a closed loop.
    pub fn pilot(&mut self, trial: &Trial) {
        self.info.pilot_rps = trial.throughput_rps;
        let first = FIRST_SHARE * trial.throughput_rps;
        if let Some(unserved) = unserved(trial) {
            self.give_up(format!("in the closed-loop pilot the server {unserved}"));
        } else if first < MIN_RPS {
            self.give_up(
                "the closed-loop pilot reached fewer than two requests per second".to_owned(),
            );
        } else {
            self.posterior = Threshold::near(first.ln());
            self.next = Some((of_series(first.ln()), SearchRule::Start));
        }
    }

    /// Ends the search without a result.
    pub fn give_up(&mut self, why: String) {
        self.info.gave_up = Some(why);
        self.end();
    }

    /// Ends the search with the result so far: its time is over.
    pub fn end(&mut self) {
        self.next = None;
    }

    /// The rate to try next, in requests per second; `None` when the search is over.
    pub fn next_rps(&self) -> Option<f64> {
        self.next.map(|(rate_rps, _)| rate_rps)
    }

    /// The most trials until the search ends, after its pilot.
    pub fn trials_left(&self) -> usize {
        match self.next {
            None => 0,
            Some(_) => MAX_TRIES - self.tries().count(),
        }
    }

    /// Whether the time of the search may end it: few tries show nothing.
    pub fn may_end(&self) -> bool {
        self.tries().count() >= MIN_TRIES
    }

    /// The target.
    pub fn slo(&self) -> Slo {
        self.info.slo
    }

    /// Takes the result of a try of `rate_rps`: trial `order` of the record.
    pub fn tried(&mut self, rate_rps: f64, order: usize, trial: &Trial) {
        let (mut tried, is_clear) = try_result(self.info.slo, order, trial);
        tried.rule = self.next.map(|(_, rule)| rule);
        let false_share = if is_clear {
            CLEAR_FALSE_SHARE
        } else {
            FALSE_SHARE
        };
        self.posterior.tried(rate_rps.ln(), tried.held, false_share);
        self.add(rate_rps, tried);
        self.conclude();
        self.next = self.choose_next();
    }

    fn add(&mut self, rate_rps: f64, tried: Try) {
        let steps = &mut self.info.steps;
        let known = steps.iter().position(|step| step.rate_rps == rate_rps);
        let at = known.unwrap_or_else(|| {
            steps.push(Step {
                rate_rps,
                tries: Vec::new(),
                held: false,
            });
            steps.len() - 1
        });
        let step = &mut steps[at];
        step.tries.push(tried);
        let held = step.tries.iter().filter(|tried| tried.held).count();
        step.held = 2 * held > step.tries.len();
    }

    fn tries(&self) -> impl Iterator<Item = (f64, &Try)> {
        let steps = self.info.steps.iter();
        steps.flat_map(|step| step.tries.iter().map(|tried| (step.rate_rps, tried)))
    }

    /// The rates of the tries that held, or of those that broke.
    fn rates(&self, held: bool) -> impl Iterator<Item = f64> {
        let tries = self.tries().filter(move |(_, tried)| tried.held == held);
        tries.map(|(rate_rps, _)| rate_rps)
    }

    /// The results after the last try.
    fn conclude(&mut self) {
        let highest = self.rates(true).max_by(f64::total_cmp);
        let lowest = self.rates(false).min_by(f64::total_cmp);
        let at = |share: f64, q: f64| self.posterior.quantile(share, q).exp();
        let (holds, breaks, edge) = if highest.is_some() && lowest.is_some() {
            let estimate = RateEstimate {
                rate_rps: at(0.5, 0.5),
                low_rps: at(0.5, (1.0 - CONFIDENCE) / 2.0),
                high_rps: at(0.5, (1.0 + CONFIDENCE) / 2.0),
            };
            let (holds, breaks) = (at(MOSTLY, 0.5), at(1.0 - MOSTLY, 0.5));
            (Some(holds), Some(breaks), Some(estimate))
        } else {
            (highest, lowest, None)
        };
        let limited = self.is_limited(breaks);
        let info = &mut self.info;
        (info.holds_rps, info.breaks_rps) = (holds, breaks);
        (info.edge, info.limited) = (edge, limited);
        let cores = info.server_cores.map(|cores| cores as f64);
        info.holds_rps_per_core = holds.zip(cores).map(|(holds, cores)| holds / cores);
        let last = info.steps.iter_mut().flat_map(|step| &mut step.tries);
        if let Some(last) = last.max_by_key(|tried| tried.order) {
            last.edge_after = edge;
        }
    }

    /// Whether the generator was the limit in most of the tries that broke up to `breaks_rps`; the
    /// lowest rate that broke can be above it.
    fn is_limited(&self, breaks_rps: Option<f64>) -> bool {
        let Some(lowest) = self.rates(false).min_by(f64::total_cmp) else {
            return false;
        };
        let to = breaks_rps.unwrap_or(lowest).max(lowest) * SERIES_RATIO.sqrt();
        let broke = self.tries().filter(|(_, tried)| !tried.held);
        let near: Vec<bool> = broke
            .filter(|(rate_rps, _)| *rate_rps <= to)
            .map(|(_, tried)| tried.limited)
            .collect();
        2 * near.iter().filter(|limited| **limited).count() > near.len()
    }

    /// The next rate; `None` ends the search.
    fn choose_next(&self) -> Option<(f64, SearchRule)> {
        let tries = self.tries().count();
        let ratio = self.info.edge.map(|edge| edge.high_rps / edge.low_rps);
        let is_narrow = ratio.is_some_and(|ratio| ratio <= NARROW);
        if tries >= MAX_TRIES || (is_narrow && tries >= MIN_TRIES) {
            return None;
        }
        let (has_held, has_broken) = (self.rates(true).next(), self.rates(false).next());
        let rule = match (has_held, has_broken) {
            (_, None) => SearchRule::Raise,
            (None, _) => SearchRule::Lower,
            _ if tries < HALF_ONLY => SearchRule::Half,
            _ => TURNS[(tries - HALF_ONLY) % TURNS.len()],
        };
        let share = match rule {
            SearchRule::Holds => MOSTLY,
            SearchRule::Breaks => 1.0 - MOSTLY,
            _ => 0.5,
        };
        let rate_rps = of_series(self.posterior.quantile(share, 0.5));
        (rate_rps >= MIN_RPS).then_some((rate_rps, rule))
    }

    /// The results so far, in the form of the record.
    pub fn info(&self) -> &SearchInfo {
        &self.info
    }

    /// The results, in the form of the record.
    pub fn into_info(self) -> SearchInfo {
        self.info
    }
}

/// The rate of the series that is nearest to this logarithm.
fn of_series(ln_rps: f64) -> f64 {
    let step = SERIES_RATIO.ln();
    round_to_three_digits(((ln_rps / step).round() * step).exp())
}
