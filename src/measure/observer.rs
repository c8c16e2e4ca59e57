//! Who is informed while a run goes on, and may end it.

use std::time::Duration;

use super::case::Case;
use super::outcome::Outcome;
use crate::load::LiveProgress;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// Trials that are done.
    pub index: usize,
    /// All there will be; of a search, about.
    pub of: usize,
    /// About how long the rest takes.
    pub left: Duration,
}

/// Looks on while it is measured, and may end it.
pub trait Observer {
    /// A trial begins.
    fn trial_begins(&mut self, case: &Case, place: RunProgress);

    /// How the trial is going.
    fn live(&mut self, live: LiveProgress, elapsed: Duration);

    /// Waits for at most so long; true to end the run.
    ///
    /// # Errors
    /// When waiting fails.
    fn wait(&mut self, most: Duration) -> std::io::Result<bool>;

    /// A trial is over, and this is what there is so far.
    fn trial_ended(&mut self, _so_far: &Outcome) {}
}
