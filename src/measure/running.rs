//! A plan of which trials are being run, one at a time.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::Bound;
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::plan::Plan;
use super::trial;
use super::trial_times::TrialTimes;
use crate::error::Error;

/// A plan of which trials are being run.
pub(super) struct Running<'a> {
    pub(super) plan: &'a Plan,
    pub(super) outcome: &'a mut Outcome,
    pub(super) times: TrialTimes,
    observer: &'a mut dyn Observer,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// It is complete.
    Complete,
    /// It is complete, and the observer ended the run.
    CompleteAndEnded,
    /// The observer ended it.
    Ended,
}

impl<'a> Running<'a> {
    /// This plan, whose results go into `outcome`.
    pub(super) fn new(
        plan: &'a Plan,
        outcome: &'a mut Outcome,
        observer: &'a mut dyn Observer,
    ) -> Running<'a> {
        Running {
            plan,
            outcome,
            times: TrialTimes::new(plan.cases.iter().map(Case::time)),
            observer,
        }
    }

    /// Progress before trial `index` of `of`, which is the first of those that are left.
    pub(super) fn progress(
        &self,
        index: usize,
        of: usize,
        mut left: impl Iterator<Item = usize> + Clone,
    ) -> RunProgress {
        let all = left.clone().map(|at| self.times.of(at)).sum();
        RunProgress {
            index,
            of,
            left: all,
            trial: left.next().map_or(Duration::ZERO, |at| self.times.of(at)),
            bound: Bound::About,
            purpose: Purpose::Measure,
        }
    }

    /// Runs the trial of this order, round and case.
    pub(super) fn trial(
        &mut self,
        (order, round, at): (usize, usize, usize),
        progress: RunProgress,
    ) -> Result<Ran, Error> {
        let case = &self.plan.cases[at];
        self.observer.trial_begins(case, progress);
        let begun = Instant::now();
        // All servers in a round get the same plan of requests.
        let seed = self.plan.seed.wrapping_add(round as u64);
        let Some(mut run) = trial::run_keeping(case, seed, self.observer)? else {
            return Ok(Ran::Ended);
        };
        (run.trial.order, run.trial.round) = (order, round);
        let is_complete = !run.trial.interrupted;
        let outcome = &mut *self.outcome;
        outcome.cells[at].trials.push(run.trial);
        outcome.cells[at].contestant.options = run.options;
        if let Some(error) = run.error {
            return Err(error);
        }
        if run.ends_run {
            return Ok(if is_complete {
                Ran::CompleteAndEnded
            } else {
                Ran::Ended
            });
        }
        self.times.add(at, begun.elapsed());
        self.observer.trial_ended(&|| outcome.so_far());
        Ok(Ran::Complete)
    }
}
