//! Carrying out searches: one open loop after the other, the contestants in turn.

use std::time::Duration;

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::rate_search::RateSearch;
use super::targets::reach_targets;
use super::trial;
use crate::error::Error;
use crate::load::Schedule;
use crate::record::{Cell, Slo, Trial};

/// Trials that a search usually takes, its pilot included.
const USUAL_TRIALS: usize = 12;
/// The longest trial, for a quantile that few requests are beyond.
const LONGEST: Duration = Duration::from_secs(60);
/// A quantile is known when so many samples lie beyond it.
const BEYOND: f64 = 12.0;

/// What is to be searched.
#[derive(Debug, Clone)]
pub struct SearchPlan {
    /// Who, each with a closed loop that has the clients and the duration of a step.
    pub cases: Vec<Case>,
    /// What is to be held.
    pub slo: Slo,
    /// How requests are spaced; its rate is what is looked for.
    pub schedule: Schedule,
    /// What the order is drawn from.
    pub seed: u64,
}

impl SearchPlan {
    /// About how long it takes.
    pub fn time(&self) -> Duration {
        let cases = self.cases.iter();
        cases.map(|case| case.time() * USUAL_TRIALS as u32).sum()
    }

    /// How long a step must be, so that the quantile is known; `None` where that is too long.
    fn duration(&self, usual: Duration, rate_rps: f64) -> Option<Duration> {
        let beyond = 1.0 - self.slo.quantile;
        let needed = if beyond > 0.0 {
            Duration::try_from_secs_f64(BEYOND / beyond / rate_rps).ok()?
        } else {
            Duration::ZERO
        };
        Some(needed.max(usual)).filter(|duration| *duration <= LONGEST.max(usual))
    }
}

/// Who is searched, and how far that has come.
struct ServerSearch<'a> {
    case: &'a Case,
    search: RateSearch,
}

/// What one step is to be.
enum Next {
    Pilot,
    Rate(f64),
}

/// Carries out the searches, a step of each in turn and in random order, so that a slow
/// minute of the machine does not meet one contestant only.
///
/// What was complete when it was interrupted or failed is in the outcome.
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
    let mut seekers: Vec<ServerSearch<'_>> = plan.cases.iter().map(new).collect();
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut order = 0;
    'rounds: for round in 0.. {
        let mut turn: Vec<&mut ServerSearch<'_>> = seekers
            .iter_mut()
            .filter(|seeker| round == 0 || seeker.search.next_rps().is_some())
            .collect();
        if turn.is_empty() {
            break;
        }
        random.shuffle(&mut turn);
        for seeker in turn {
            let next = seeker.search.next_rps().map_or(Next::Pilot, Next::Rate);
            let place = RunProgress {
                index: order,
                of: (plan.cases.len() * USUAL_TRIALS).max(order + 1),
                left: plan
                    .time()
                    .saturating_sub(seeker.case.time() * order as u32),
            };
            observer.trial_begins(seeker.case, place);
            match step(
                plan,
                seeker,
                &next,
                (round, order),
                observer,
                &mut outcome.cells,
            ) {
                Ok(true) => order += 1,
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
    let searches = seekers.into_iter().map(|seeker| seeker.search.into_info());
    outcome.searches = searches.collect();
    outcome
}

/// One trial of one search; false when the observer has ended it.
fn step(
    plan: &SearchPlan,
    seeker: &mut ServerSearch<'_>,
    next: &Next,
    (round, order): (usize, usize),
    observer: &mut dyn Observer,
    cells: &mut Vec<Cell>,
) -> Result<bool, Error> {
    let mut case = seeker.case.clone();
    if let Next::Rate(rate_rps) = *next {
        let Some(duration) = plan.duration(case.load.duration, rate_rps) else {
            let name = plan.slo.name();
            let why = format!(
                "at {rate_rps}/s a trial would take over a minute to know {name}; give a longer --duration"
            );
            seeker.search.give_up(why);
            return Ok(true);
        };
        case.load.duration = duration;
        case.load.schedule = Some(Schedule {
            rate_rps,
            seed: plan.seed.wrapping_add(round as u64),
            ..plan.schedule
        });
    }
    let Some((mut trial, resolved)) = trial::run(&case, &case.load, observer)? else {
        return Ok(false);
    };
    (trial.order, trial.round) = (order, round);
    match *next {
        Next::Pilot => seeker.search.pilot(&trial),
        Next::Rate(rate_rps) => seeker.search.tried(rate_rps, order, &trial),
    }
    case.info.options = resolved;
    enter(cells, &case, trial);
    Ok(true)
}

/// Puts a trial into the cell of its contestant and load.
fn enter(cells: &mut Vec<Cell>, case: &Case, trial: Trial) {
    let mut cell = case.cell();
    let same = |known: &&mut Cell| known.contestant == cell.contestant && known.load == cell.load;
    match cells.iter_mut().find(same) {
        Some(known) => known.trials.push(trial),
        None => {
            cell.trials.push(trial);
            cells.push(cell);
        }
    }
}
