//! Runs a plan trial by trial. Skips the trials that an earlier run has done.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::{Bound, Forecast, Goal};
use super::observer::Observer;
use super::outcome::Outcome;
use super::plan::Plan;
use super::running::{Ran, Running};
use super::session::Measurement;
use super::targets::reach_targets;
use super::warmup_pilot::Rest;
use super::{added_rounds, pilot, warmup_pilot};
use crate::error::Error;
use crate::record::Cell;

/// Runs the plan.
///
/// After an interruption or an error the outcome holds all complete trials, and of an
/// interrupted trial what was measured so far.
pub fn measure(plan: &Plan, observer: &mut dyn Observer) -> Outcome {
    let begun = Instant::now();
    let mut outcome = Outcome::default();
    match measure_into(plan, begun, &mut outcome, observer) {
        Ok(complete) => outcome.interrupted = !complete,
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

/// Runs the pilots, then the trials. Returns false when the observer ends the run.
fn measure_into(
    plan: &Plan,
    begun: Instant,
    outcome: &mut Outcome,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    reach_targets(&plan.cases)?;
    let mut plan = plan.clone();
    if let Some(rule) = plan.warmup {
        let rest = Rest {
            trials: pilot::missing(&plan).len() + plan.trials(),
            time: pilots_time(&plan) + trials_time(&plan),
            bound: Bound::About,
            longest_pilot: warmup_pilot::LONGEST,
            seed: plan.seed,
        };
        let (cases, before) = (plan.cases.iter(), plan.before.warmup.as_ref());
        let Some(found) = warmup_pilot::settle(rule, cases, before, &rest, observer)? else {
            return Ok(false);
        };
        warmup_pilot::apply(&found, plan.cases.iter_mut());
        outcome.warmup = Some(found);
    }
    let Some(cases) = pilot::settle(&plan, outcome, observer)? else {
        return Ok(false);
    };
    trials(&Plan { cases, ..plan }, begun, outcome, observer)
}

impl Measurement for Plan {
    fn cases(&self) -> Vec<&Case> {
        self.cases.iter().collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn forecast(&self) -> Forecast {
        let warmup = self.warmup_pilots();
        let time =
            warmup.iter().map(Case::time).sum::<Duration>() + pilots_time(self) + trials_time(self);
        let time = time.max(self.budget.unwrap_or_default());
        // Those that an earlier run has done had its warm-up.
        let per_case = self.remaining_trials().div_ceil(self.cases.len().max(1));
        let trials = self.cases.iter().map(|case| (case.load.warmup, per_case));
        Forecast {
            goal: Goal::Matrix,
            trials: self.remaining_trials(),
            pilots: warmup.len() + pilot::missing(self).len(),
            time,
            longest: time + warmup_pilot::may_add(self.warmup, &warmup, trials),
            bound: self.budget.map_or(Bound::About, |_| Bound::AtMost),
        }
    }

    fn saves_each_trial(&self) -> bool {
        // The death of another rank ends this process too.
        self.cases.iter().any(|case| case.peers.is_some())
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        measure(self, observer)
    }
}

/// Estimated time of the pilots of capacities that an earlier run has not done.
fn pilots_time(plan: &Plan) -> Duration {
    pilot::missing(plan).iter().map(Case::time).sum()
}

/// Estimated time of the trials that an earlier run has not done.
fn trials_time(plan: &Plan) -> Duration {
    let round: Duration = plan.cases.iter().map(Case::time).sum();
    // Which trials are done is known only when the pilots have set the rates.
    round.mul_f64(plan.remaining_trials() as f64 / plan.cases.len().max(1) as f64)
}

/// Runs all trials that an earlier run has not done, then the rounds that the budget allows.
/// Returns false when the observer ends the run.
fn trials(
    plan: &Plan,
    begun: Instant,
    outcome: &mut Outcome,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    outcome.cells = resumed(plan)?;
    let pilots = outcome.pilots_done();
    let order: Vec<(usize, (usize, usize))> = plan.order().into_iter().enumerate().collect();
    let is_missing = |(_, (round, at)): &&(usize, (usize, usize))| {
        let mut trials = outcome.cells[*at].trials.iter();
        trials.all(|trial| trial.round != *round)
    };
    let remaining: Vec<_> = order.iter().filter(is_missing).copied().collect();
    let mut running = Running::new(plan, outcome, observer);
    for (done, (order, (round, at))) in remaining.iter().copied().enumerate() {
        let is_last = done + 1 == remaining.len();
        let left = remaining[done..].iter().map(|(_, (_, at))| *at);
        let progress = running.progress(
            pilots + plan.trials() - remaining.len() + done,
            pilots + plan.trials(),
            left,
        );
        match running.trial((order, round, at), progress)? {
            Ran::Complete => {}
            Ran::CompleteAndEnded if is_last => return Ok(true),
            Ran::CompleteAndEnded | Ran::Ended => return Ok(false),
        }
    }
    match plan.budget {
        Some(budget) => added_rounds::add(&mut running, begun + budget),
        None => Ok(true),
    }
}

/// The cells of the plan with the trials of an earlier run.
///
/// # Errors
/// When the earlier run has a cell that the plan does not have.
fn resumed(plan: &Plan) -> Result<Vec<Cell>, Error> {
    let cell = |case: &Case| Cell {
        rounds: plan.rounds_rule(),
        ..case.cell()
    };
    let mut cells: Vec<Cell> = plan.cases.iter().map(cell).collect();
    for earlier in plan
        .before
        .cells
        .iter()
        .filter(|cell| !cell.trials.is_empty())
    {
        let server = |cell: &Cell| (cell.contestant.kind, cell.contestant.name.clone());
        let same = |cell: &&mut Cell| {
            // The default number is known only once the server has started.
            let workers = cell.contestant.options.workers;
            server(cell) == server(earlier)
                && workers.is_none_or(|_| workers == earlier.contestant.options.workers)
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
        // An interrupted trial is measured again.
        let complete = earlier.trials.iter().filter(|trial| !trial.interrupted);
        cell.trials = complete.cloned().collect();
        cell.contestant.clone_from(&earlier.contestant);
    }
    Ok(cells)
}
