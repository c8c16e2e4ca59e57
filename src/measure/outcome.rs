//! The results of a run so far.

use crate::error::Error;
use crate::record::{Cell, CheckInfo, Pilot, SearchInfo};

/// The results of a run, complete or not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The cells with the trials that are complete.
    pub cells: Vec<Cell>,
    /// The searches, with the steps that are complete.
    pub searches: Vec<SearchInfo>,
    /// The result of a check.
    pub check: Option<CheckInfo>,
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
    /// A copy of the results so far, without searches and checks, to be saved.
    pub fn so_far(&self) -> Outcome {
        Outcome {
            cells: self.cells.clone(),
            pilots: self.pilots.clone(),
            left_out: self.left_out.clone(),
            ..Outcome::default()
        }
    }
}
