//! Runs a plan trial by trial. Skips the trials that an earlier run has done.

use std::time::{Duration, Instant};

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::plan::Plan;
use super::session::Measurement;
use super::targets::reach_targets;
use super::{pilot, trial};
use crate::error::Error;
use crate::record::Cell;

/// Runs the plan.
///
/// After an interruption or an error the outcome holds all complete trials.
pub fn measure(plan: &Plan, observer: &mut dyn Observer) -> Outcome {
    let mut outcome = Outcome::default();
    let measured = reach_targets(&plan.cases)
        .and_then(|()| pilot::settle(plan, &mut outcome, observer))
        .and_then(|cases| match cases {
            Some(cases) => trials(
                &Plan {
                    cases,
                    ..plan.clone()
                },
                &mut outcome,
                observer,
            ),
            None => Ok(false),
        });
    match measured {
        Ok(complete) => outcome.interrupted = !complete,
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

impl Measurement for Plan {
    fn cases(&self) -> Vec<&Case> {
        self.cases.iter().collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        measure(self, observer)
    }
}

/// Runs all trials that an earlier run has not done. Returns false when the observer ends the run.
fn trials(plan: &Plan, outcome: &mut Outcome, observer: &mut dyn Observer) -> Result<bool, Error> {
    outcome.cells = resumed(plan)?;
    let order: Vec<(usize, (usize, usize))> = plan.order().into_iter().enumerate().collect();
    let is_missing = |(_, (round, at)): &&(usize, (usize, usize))| {
        let mut trials = outcome.cells[*at].trials.iter();
        trials.all(|trial| trial.round != *round)
    };
    let remaining: Vec<_> = order.iter().filter(is_missing).copied().collect();
    let mut estimate = TimeEstimate::new(plan, remaining.len());
    for (order, (round, at)) in remaining {
        let case = &plan.cases[at];
        let progress = RunProgress {
            index: order,
            of: plan.trials(),
            left: estimate.left(),
        };
        observer.trial_begins(case, progress);
        // All servers in a round get the same plan of requests.
        let seed = plan.seed.wrapping_add(round as u64);
        let Some((mut trial, resolved)) = trial::run(case, seed, observer)? else {
            return Ok(false);
        };
        (trial.order, trial.round) = (order, round);
        outcome.cells[at].trials.push(trial);
        outcome.cells[at].contestant.options = resolved;
        estimate.trial_ended();
        observer.trial_ended(&|| outcome.so_far());
    }
    Ok(true)
}

/// Estimates the remaining time from the duration of the trials so far: a trial with unserved
/// clients takes longer than its window.
struct TimeEstimate {
    planned_each: Duration,
    done: u32,
    remaining: u32,
    begun: Instant,
}

impl TimeEstimate {
    fn new(plan: &Plan, remaining: usize) -> TimeEstimate {
        let all = u32::try_from(plan.trials()).unwrap_or(u32::MAX).max(1);
        TimeEstimate {
            planned_each: plan.time_left(0) / all,
            done: 0,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            begun: Instant::now(),
        }
    }

    fn trial_ended(&mut self) {
        self.done += 1;
    }

    fn left(&self) -> Duration {
        // Fewer trials do not give a reliable mean.
        const MIN_TRIALS: u32 = 6;
        let each = if self.done < MIN_TRIALS {
            self.planned_each
        } else {
            self.begun.elapsed() / self.done
        };
        each * self.remaining.saturating_sub(self.done)
    }
}

/// The cells of the plan with the trials of an earlier run.
///
/// # Errors
/// When the earlier run has a cell that the plan does not have.
fn resumed(plan: &Plan) -> Result<Vec<Cell>, Error> {
    let mut cells: Vec<Cell> = plan.cases.iter().map(Case::cell).collect();
    for earlier in plan
        .before
        .cells
        .iter()
        .filter(|cell| !cell.trials.is_empty())
    {
        let server = |cell: &Cell| (cell.contestant.kind, cell.contestant.name.clone());
        let same = |cell: &&mut Cell| {
            server(cell) == server(earlier)
                && cell.scenario == earlier.scenario
                && cell.load == earlier.load
        };
        let Some(cell) = cells.iter_mut().find(same) else {
            let (name, clients) = (&earlier.contestant.name, earlier.load.clients);
            let why = format!(
                "it has trials of {name} with {clients} clients, which its command would not measure now"
            );
            return Err(Error::Resume { why });
        };
        cell.trials.clone_from(&earlier.trials);
        cell.contestant.clone_from(&earlier.contestant);
    }
    Ok(cells)
}
