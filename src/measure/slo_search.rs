//! Runs searches for the highest rate: one open loop per step, the servers in turn.

use std::time::Duration;

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::rate_search::RateSearch;
use super::session::Measurement;
use super::targets::reach_targets;
use super::trial;
use crate::error::Error;
use crate::record::{Arrivals, Assign, Cell, Slo, Trial};

/// Trials that a search usually needs, its pilot included.
const USUAL_TRIALS: usize = 12;
/// The longest trial; a high quantile at a low rate needs a long one.
const LONGEST: Duration = Duration::from_secs(60);
/// Samples beyond a quantile that are needed to measure it.
const SAMPLES_BEYOND: f64 = 12.0;

/// The searches to run.
#[derive(Debug, Clone)]
pub struct SearchPlan {
    /// The servers, each with a closed loop that has the clients and the duration of a step.
    pub cases: Vec<Case>,
    /// The target.
    pub slo: Slo,
    /// The arrivals of the open loops.
    pub arrivals: Arrivals,
    /// Which connection a request of an open loop waits for.
    pub assign: Assign,
    /// The seed of the random order.
    pub seed: u64,
}

impl SearchPlan {
    /// Estimated duration.
    pub fn time(&self) -> Duration {
        let cases = self.cases.iter();
        cases.map(|case| case.time() * USUAL_TRIALS as u32).sum()
    }

    /// The duration of a step that is enough to measure the quantile; `None` if that is too long.
    fn duration(&self, usual: Duration, rate_rps: f64) -> Option<Duration> {
        let share_beyond = 1.0 - self.slo.quantile;
        let needed = if share_beyond > 0.0 {
            Duration::try_from_secs_f64(SAMPLES_BEYOND / share_beyond / rate_rps).ok()?
        } else {
            Duration::ZERO
        };
        Some(needed.max(usual)).filter(|duration| *duration <= LONGEST.max(usual))
    }
}

/// The search of one server.
struct ServerSearch<'a> {
    case: &'a Case,
    search: RateSearch,
}

/// The trial of one step.
enum NextTrial {
    Pilot,
    Rate(f64),
}

/// Runs the searches. In each round every search does one step, in random order, so that a slow
/// minute of the machine does not affect one server only.
///
/// After an interruption or an error the outcome holds all complete trials.
pub fn search_rates(plan: &SearchPlan, observer: &mut dyn Observer) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(error) = reach_targets(&plan.cases) {
        outcome.error = Some(error);
        return outcome;
    }
    let new = |case| ServerSearch {
        case,
        search: RateSearch::new(Case::name(case).to_owned(), case.load.clients, plan.slo),
    };
    let mut searches: Vec<ServerSearch<'_>> = plan.cases.iter().map(new).collect();
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut order = 0;
    'rounds: for round in 0.. {
        let mut active: Vec<&mut ServerSearch<'_>> = searches
            .iter_mut()
            .filter(|server| round == 0 || server.search.next_rps().is_some())
            .collect();
        if active.is_empty() {
            break;
        }
        random.shuffle(&mut active);
        for server in active {
            let next = server
                .search
                .next_rps()
                .map_or(NextTrial::Pilot, NextTrial::Rate);
            let progress = RunProgress {
                index: order,
                of: (plan.cases.len() * USUAL_TRIALS).max(order + 1),
                left: plan
                    .time()
                    .saturating_sub(server.case.time() * order as u32),
            };
            observer.trial_begins(server.case, progress);
            match step(
                plan,
                server,
                &next,
                (round, order),
                observer,
                &mut outcome.cells,
            ) {
                Ok(true) => {
                    order += 1;
                    observer.trial_ended(&|| outcome.so_far());
                }
                Ok(false) => {
                    outcome.interrupted = true;
                    break 'rounds;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break 'rounds;
                }
            }
        }
    }
    let infos = searches.into_iter().map(|server| server.search.into_info());
    outcome.searches = infos.collect();
    outcome
}

impl Measurement for SearchPlan {
    fn cases(&self) -> Vec<&Case> {
        self.cases.iter().collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        search_rates(self, observer)
    }
}

/// Runs one trial of one search. Returns false when the observer ends the run.
fn step(
    plan: &SearchPlan,
    server: &mut ServerSearch<'_>,
    next: &NextTrial,
    (round, order): (usize, usize),
    observer: &mut dyn Observer,
    cells: &mut Vec<Cell>,
) -> Result<bool, Error> {
    let seed = plan.seed.wrapping_add(round as u64);
    let mut case = server.case.clone();
    if let NextTrial::Rate(rate_rps) = *next {
        let Some(duration) = plan.duration(case.load.duration, rate_rps) else {
            let name = plan.slo.name();
            let why = format!(
                "at {rate_rps}/s a trial needs more than a minute to measure {name}; give a longer --duration"
            );
            server.search.give_up(why);
            return Ok(true);
        };
        case.load.duration = duration;
        case.load.mode = plan.arrivals.into();
        case.load.assign = plan.assign;
        case.load.rate_rps = Some(rate_rps);
    }
    let Some((mut trial, resolved)) = trial::run(&case, seed, observer)? else {
        return Ok(false);
    };
    (trial.order, trial.round) = (order, round);
    match *next {
        NextTrial::Pilot => server.search.pilot(&trial),
        NextTrial::Rate(rate_rps) => server.search.tried(rate_rps, order, &trial),
    }
    case.info.options = resolved;
    add_trial(cells, &case, trial);
    Ok(true)
}

/// Adds a trial to the cell of its server and load.
fn add_trial(cells: &mut Vec<Cell>, case: &Case, trial: Trial) {
    let mut cell = case.cell();
    let is_same =
        |known: &&mut Cell| known.contestant == cell.contestant && known.load == cell.load;
    match cells.iter_mut().find(is_same) {
        Some(known) => known.trials.push(trial),
        None => {
            cell.trials.push(trial);
            cells.push(cell);
        }
    }
}
