//! The top level of a record.

use serde::{Deserialize, Serialize};

use super::assertion::AssertInfo;
use super::check::CheckInfo;
use super::environment::{Environment, Tool};
use super::load::LoadSpec;
use super::scenario::{Pilot, ScenarioInfo};
use super::search::SearchInfo;
use super::server::ServerIdentity;
use super::trial::Trial;
use super::warmup::WarmupInfo;

/// All results of one run of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`Record::SCHEMA`].
    pub schema: String,
    /// Start of the run, in UTC (RFC 3339).
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// The seed of the random order of trials.
    pub seed: u64,
    /// Whether the run was ended before all trials were complete.
    #[serde(default)]
    pub interrupted: bool,
    /// The build of the program.
    pub tool: Tool,
    /// The machine.
    pub environment: Environment,
    /// The results: one cell per server and load.
    pub cells: Vec<Cell>,
    /// The scenarios of the cells.
    #[serde(default)]
    pub scenarios: Vec<ScenarioInfo>,
    /// The warm-up that pilots found; null if it was given, and in older records.
    #[serde(default)]
    pub warmup: Option<WarmupInfo>,
    /// The results of pilots, for rates that are shares of a capacity.
    #[serde(default)]
    pub pilots: Vec<Pilot>,
    /// Loads that were planned and could not be measured, each with the reason, as text.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The times at which the run was resumed after an interruption, in UTC (RFC 3339).
    #[serde(default)]
    pub resumed: Vec<String>,
    /// Searches for the highest rate within a target. Their trials are in the cells.
    #[serde(default)]
    pub searches: Vec<SearchInfo>,
    /// The result of a check. Its trials are in the cells.
    #[serde(default)]
    pub check: Option<CheckInfo>,
    /// The conditions of `--assert`, and whether they hold.
    #[serde(default)]
    pub asserts: Vec<AssertInfo>,
}

/// One server under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The server.
    pub contestant: ServerIdentity,
    /// The scenario's name, if the load belongs to a scenario.
    pub scenario: Option<String>,
    /// The load.
    #[serde(deserialize_with = "super::load::whole")]
    pub load: LoadSpec,
    /// What decided how many rounds were measured.
    #[serde(default)]
    pub rounds: RoundsRule,
    /// The trials.
    pub trials: Vec<Trial>,
}

/// What decides how many rounds are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundsRule {
    /// Their number was set before the first one.
    #[default]
    Fixed,
    /// They were added while an order was undecided: only intervals that hold at any number of
    /// rounds are honest.
    UntilDecided,
}

impl Cell {
    /// The trials that its figures are made of: the complete ones, or an interrupted one if
    /// there is no other.
    pub fn counted_trials(&self) -> &[Trial] {
        let interrupted = self.trials.iter().position(|trial| trial.interrupted);
        match interrupted {
            // An interrupted trial is the last one.
            Some(complete) if complete > 0 => &self.trials[..complete],
            _ => &self.trials,
        }
    }
}
