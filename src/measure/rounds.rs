//! Carrying out a plan: trial after trial, those left out that an earlier run has done.

use std::time::{Duration, Instant};

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::plan::Plan;
use super::targets::reach_targets;
use super::{pilot, trial};
use crate::error::Error;
use crate::load::Schedule;
use crate::record::Cell;

/// Carries out the plan.
///
/// What was complete when it was interrupted or failed is in the outcome.
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

/// All trials that an earlier run has not done; false when the observer ends it.
fn trials(plan: &Plan, outcome: &mut Outcome, observer: &mut dyn Observer) -> Result<bool, Error> {
    outcome.cells = resumed(plan)?;
    let order: Vec<(usize, (usize, usize))> = plan.order().into_iter().enumerate().collect();
    let done = |(_, (round, at)): &&(usize, (usize, usize))| {
        let mut trials = outcome.cells[*at].trials.iter();
        trials.all(|trial| trial.round != *round)
    };
    let open: Vec<_> = order.iter().filter(done).copied().collect();
    let mut pace = TimeEstimate::new(plan, open.len());
    for (order, (round, at)) in open {
        let case = &plan.cases[at];
        let place = RunProgress {
            index: order,
            of: plan.trials(),
            left: pace.left(),
        };
        observer.trial_begins(case, place);
        // All contestants of a round meet the same plan of requests.
        let mut load = case.load.clone();
        load.schedule = load.schedule.map(|schedule| Schedule {
            seed: plan.seed.wrapping_add(round as u64),
            ..schedule
        });
        let Some((mut trial, resolved)) = trial::run(case, &load, observer)? else {
            return Ok(false);
        };
        (trial.order, trial.round) = (order, round);
        outcome.cells[at].trials.push(trial);
        outcome.cells[at].contestant.options = resolved;
        pace.trial_ended();
        observer.trial_ended(outcome);
    }
    Ok(true)
}

/// How long the rest takes, as the trials so far have shown: one with clients that are not
/// served takes longer than its window.
struct TimeEstimate {
    planned_each: Duration,
    done: u32,
    open: u32,
    begun: Instant,
}

impl TimeEstimate {
    fn new(plan: &Plan, open: usize) -> TimeEstimate {
        let all = u32::try_from(plan.trials()).unwrap_or(u32::MAX).max(1);
        TimeEstimate {
            planned_each: plan.time_left(0) / all,
            done: 0,
            open: u32::try_from(open).unwrap_or(u32::MAX),
            begun: Instant::now(),
        }
    }

    fn trial_ended(&mut self) {
        self.done += 1;
    }

    fn left(&self) -> Duration {
        // The first few say little.
        const FEW: u32 = 6;
        let each = if self.done < FEW {
            self.planned_each
        } else {
            self.begun.elapsed() / self.done
        };
        each * self.open.saturating_sub(self.done)
    }
}

/// The cells of the plan with what an earlier run has measured.
fn resumed(plan: &Plan) -> Result<Vec<Cell>, Error> {
    let mut cells: Vec<Cell> = plan.cases.iter().map(Case::cell).collect();
    for before in plan
        .before
        .cells
        .iter()
        .filter(|cell| !cell.trials.is_empty())
    {
        let who = |cell: &Cell| (cell.contestant.kind, cell.contestant.name.clone());
        let same = |cell: &&mut Cell| {
            who(cell) == who(before) && cell.scenario == before.scenario && cell.load == before.load
        };
        let Some(cell) = cells.iter_mut().find(same) else {
            let (name, clients) = (&before.contestant.name, before.load.clients);
            let why = format!(
                "it holds {name} with {clients} clients, which its command would not measure now"
            );
            return Err(Error::Resume { why });
        };
        cell.trials.clone_from(&before.trials);
        cell.contestant.clone_from(&before.contestant);
    }
    Ok(cells)
}
