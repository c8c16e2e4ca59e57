//! The record: the one versioned form in which what was measured reaches the disk.
//!
//! Reports are pure functions of records. Names are kept; fields are only
//! added. In `*_ns` objects there are only numbers and null, and null means
//! not measured.

use serde::{Deserialize, Serialize};

use super::check::CheckInfo;
use super::environment::{Environment, Tool};
use super::load::LoadInfo;
use super::scenario::{Pilot, ScenarioInfo};
use super::search::SearchInfo;
use super::server::ServerIdentity;
use super::trial::Trial;

/// Everything that one run of the program measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`Record::SCHEMA`].
    pub schema: String,
    /// When it began, in UTC (RFC 3339).
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// What the order of trials was drawn from.
    pub seed: u64,
    /// Whether the run was ended before all trials were done.
    #[serde(default)]
    pub interrupted: bool,
    /// The program.
    pub tool: Tool,
    /// The machine.
    pub environment: Environment,
    /// What was measured: one cell a contestant and load.
    pub cells: Vec<Cell>,
    /// The scenarios of the cells.
    #[serde(default)]
    pub scenarios: Vec<ScenarioInfo>,
    /// What pilots found, for rates that are shares of a capacity.
    #[serde(default)]
    pub pilots: Vec<Pilot>,
    /// What was planned and could not be measured, and why, in words.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// When the run was taken up again after an interruption, in UTC (RFC 3339).
    #[serde(default)]
    pub resumed: Vec<String>,
    /// Searches for the highest rate within a target, whose trials are in the cells.
    #[serde(default)]
    pub searches: Vec<SearchInfo>,
    /// What a check showed, whose trials are in the cells.
    #[serde(default)]
    pub check: Option<CheckInfo>,
}

/// One contestant under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Who served.
    pub contestant: ServerIdentity,
    /// The scenario's name, if the load is one.
    pub scenario: Option<String>,
    /// What was asked of it.
    pub load: LoadInfo,
    /// What each trial showed.
    pub trials: Vec<Trial>,
}
