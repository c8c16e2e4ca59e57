//! Carrying out a plan: trial after trial, those left out that an earlier run has done.

use std::time::{Duration, Instant};

use super::{Outcome, Place, Plan, Seat, Watch, pilot, reach_targets, trial};
use crate::error::Error;
use crate::load::pacer::Schedule;
use crate::record::Cell;

/// Carries out the plan.
///
/// What was complete when it was interrupted or failed is in the outcome.
pub fn measure(plan: &Plan, watch: &mut dyn Watch) -> Outcome {
    let mut outcome = Outcome::default();
    let measured = reach_targets(&plan.seats)
        .and_then(|()| pilot::settle(plan, &mut outcome, watch))
        .and_then(|seats| match seats {
            Some(seats) => trials(
                &Plan {
                    seats,
                    ..plan.clone()
                },
                &mut outcome,
                watch,
            ),
            None => Ok(false),
        });
    match measured {
        Ok(complete) => outcome.interrupted = !complete,
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

/// All trials that an earlier run has not done; false when the watch ends it.
fn trials(plan: &Plan, outcome: &mut Outcome, watch: &mut dyn Watch) -> Result<bool, Error> {
    outcome.cells = resumed(plan)?;
    let order: Vec<(usize, (usize, usize))> = plan.order().into_iter().enumerate().collect();
    let done = |(_, (round, at)): &&(usize, (usize, usize))| {
        let mut trials = outcome.cells[*at].trials.iter();
        trials.all(|trial| trial.round != *round)
    };
    let open: Vec<_> = order.iter().filter(done).copied().collect();
    let mut pace = Pace::new(plan, open.len());
    for (order, (round, at)) in open {
        let seat = &plan.seats[at];
        let place = Place {
            index: order,
            of: plan.trials(),
            left: pace.left(),
        };
        watch.trial_begins(seat, place);
        // All contestants of a round meet the same plan of requests.
        let mut load = seat.load.clone();
        load.schedule = load.schedule.map(|schedule| Schedule {
            seed: plan.seed.wrapping_add(round as u64),
            ..schedule
        });
        let Some((mut trial, resolved)) = trial::run(seat, &load, watch)? else {
            return Ok(false);
        };
        (trial.order, trial.round) = (order, round);
        outcome.cells[at].trials.push(trial);
        outcome.cells[at].contestant.options = resolved;
        pace.trial_ended();
        watch.trial_ended(outcome);
    }
    Ok(true)
}

/// How long the rest takes, as the trials so far have shown: one with clients that are not
/// served takes longer than its window.
struct Pace {
    planned_each: Duration,
    done: u32,
    open: u32,
    begun: Instant,
}

impl Pace {
    fn new(plan: &Plan, open: usize) -> Pace {
        let all = u32::try_from(plan.trials()).unwrap_or(u32::MAX).max(1);
        Pace {
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
    let mut cells: Vec<Cell> = plan.seats.iter().map(Seat::cell).collect();
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
