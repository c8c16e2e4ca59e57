//! The interface through which a run reports progress and can be ended.

use std::time::Duration;

use super::case::Case;
use super::forecast::{Bound, Forecast};
use super::outcome::Outcome;
use crate::load::LiveProgress;

/// Progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// Trials that are complete, pilots included.
    pub index: usize,
    /// All trials, pilots included; an estimate for a search.
    pub of: usize,
    /// Estimated remaining time, this trial included.
    pub left: Duration,
    /// Estimated time of this trial.
    pub trial: Duration,
    /// What `of` and `left` mean.
    pub bound: Bound,
    /// What this trial is for.
    pub purpose: Purpose,
}

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To measure.
    Measure,
    /// To find how long a server takes until it is steady.
    Warmup,
    /// To find a capacity: rates are a share of it, or a search begins below it.
    Pilot,
}

/// Receives progress during a run, and can end it.
pub trait Observer {
    /// A run begins.
    fn run_begins(&mut self, _forecast: &Forecast) {}

    /// A trial begins.
    fn trial_begins(&mut self, case: &Case, progress: RunProgress);

    /// Progress inside the current trial; `elapsed` counts from the start of its window.
    fn live(&mut self, live: LiveProgress, elapsed: Duration);

    /// Waits for at most `most`; returns true to end the run.
    ///
    /// # Errors
    /// When waiting fails.
    fn wait(&mut self, most: Duration) -> std::io::Result<bool>;

    /// A trial, a pair or a step of a search is complete; `so_far` returns all results until now.
    fn trial_ended(&mut self, _so_far: &dyn Fn() -> Outcome) {}
}
