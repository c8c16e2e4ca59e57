//! What a run has measured so far.

use crate::error::Error;
use crate::record::{Cell, CheckInfo, Pilot, SearchInfo};

/// What was measured, be it all that was planned or not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The cells with the trials that are complete.
    pub cells: Vec<Cell>,
    /// The searches, as far as they came.
    pub searches: Vec<SearchInfo>,
    /// What a check showed.
    pub check: Option<CheckInfo>,
    /// What pilots found.
    pub pilots: Vec<Pilot>,
    /// What was planned and could not be measured, and why.
    pub left_out: Vec<String>,
    /// Whether the run was ended from outside.
    pub interrupted: bool,
    /// What went wrong, if anything did.
    pub error: Option<Error>,
}

impl Outcome {
    /// What there is of it now, to be kept.
    pub fn so_far(&self) -> Outcome {
        Outcome {
            cells: self.cells.clone(),
            pilots: self.pilots.clone(),
            left_out: self.left_out.clone(),
            ..Outcome::default()
        }
    }
}
