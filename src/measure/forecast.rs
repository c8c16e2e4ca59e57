//! What a run will do and how long that takes, before its first trial.

use std::time::Duration;

/// What a run will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The kind of the run.
    pub goal: Goal,
    /// Trials, without pilots.
    pub trials: usize,
    /// Pilots before the trials.
    pub pilots: usize,
    /// The time of all of them.
    pub time: Duration,
    /// The same if the pilots find the longest warm-up there is. Equal to `time` where the warm-up
    /// is known.
    pub longest: Duration,
    /// Whether trials and time are an estimate or the most.
    pub bound: Bound,
}

/// The kind of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Each server under each load.
    Matrix,
    /// The highest rate of each server within a target.
    Search,
    /// Two builds in pairs of trials.
    Pairs,
}

/// What an estimate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It may be less or more.
    About,
    /// It may be less: the run ends as soon as it has a result.
    AtMost,
}
