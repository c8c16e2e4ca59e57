//! The results of a run so far.

use crate::error::Error;
use crate::record::{Cell, CheckInfo, Pilot, SearchInfo, WarmupInfo};

/// The results of a run, complete or not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The cells with the trials that are complete.
    pub cells: Vec<Cell>,
    /// The searches, with the steps that are complete.
    pub searches: Vec<SearchInfo>,
    /// The result of a check.
    pub check: Option<CheckInfo>,
    /// The warm-up that pilots found, if they were asked to.
    pub warmup: Option<WarmupInfo>,
    /// The results of pilots.
    pub pilots: Vec<Pilot>,
    /// Loads that were planned and could not be measured, each with the reason.
    pub left_out: Vec<String>,
    /// Whether the run was ended before it was complete.
    pub interrupted: bool,
    /// The error that ended the run, if any.
    pub error: Option<Error>,
}

impl Outcome {
    /// The number of pilots so far.
    pub(super) fn pilots_done(&self) -> usize {
        let warmup = self.warmup.as_ref();
        self.pilots.len() + warmup.map_or(0, |warmup| warmup.pilots.len())
    }

    /// A copy of the results so far, without searches and checks, to be saved.
    pub fn so_far(&self) -> Outcome {
        Outcome {
            cells: self.cells.clone(),
            warmup: self.warmup.clone(),
            pilots: self.pilots.clone(),
            left_out: self.left_out.clone(),
            ..Outcome::default()
        }
    }
}
