//! The options for suites and `--resume`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueHint;

use super::load::LoadArgs;
use super::one_rate::OneRate;
use super::{numbers, times, values};
use crate::record::{ScenarioInfo, Slo};
use crate::scenario::{Scenario, Suite};

/// Default rounds of scenarios without a suite: the fewest that can show a ranking.
const ROUNDS: usize = 6;

/// Options of a measurement that checks do not have.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Study")]
pub(crate) struct StudyArgs {
    /// Trials per server and load, each with a fresh server
    #[arg(long, value_parser = numbers::count, value_name = "N")]
    trials: Option<NonZeroUsize>,
    /// Add rounds while an order is undecided, for at most this time in all
    #[arg(long, value_parser = times::short_duration, conflicts_with = "slo", value_name = "TIME", hide_short_help = true)]
    pub(crate) budget: Option<Duration>,
    /// Find the highest rate within a target (p99=10ms)
    #[arg(long, value_parser = values::slo, group = "open_loop", conflicts_with_all = ["rate", "trials", "think", "scenario", "asserts"], value_name = "TARGET")]
    pub(crate) slo: Option<Slo>,
    /// Compare at one rate: this share of the weakest server's capacity, or off [default: 50%]
    #[arg(long, group = "open_loop", conflicts_with_all = ["rate", "slo", "think"], value_name = "SHARE", hide_short_help = true)]
    share: Option<OneRate>,
    /// Suite: quick, ci, full, or a .toml file
    #[arg(long, conflicts_with = "scenario", conflicts_with_all = [
        "rate", "slo", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
        "params", "handler", "idle", "think", "payload",
    ], value_name = "NAME")]
    suite: Option<String>,
    /// Resume an interrupted run with its own command, and complete its record
    #[arg(long, value_name = "RECORD", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) resume: Option<PathBuf>,
}

/// Scenarios, and the number of trials of each.
pub(crate) struct Study {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) trials: usize,
}

impl StudyArgs {
    /// Number of rounds; `default` if the command line gives none.
    pub(crate) fn rounds(&self, default: usize) -> usize {
        self.trials.map_or(default, NonZeroUsize::get)
    }

    /// The share of the capacity at which servers are compared; `None` measures the loads as they
    /// are. Without `--share`, several servers and all suites are compared at one rate.
    pub(crate) fn share(&self, servers: usize, load: &LoadArgs) -> Option<f64> {
        let compares = servers > 1 || self.suite.is_some() || self.share.is_some();
        if !compares || self.slo.is_some() || load.has_rate() {
            return None;
        }
        match self.share.unwrap_or_default() {
            OneRate::Off => None,
            OneRate::Share(share) => Some(share),
        }
    }

    /// The scenarios that the command line names, if any.
    pub(crate) fn study(&self, load: &LoadArgs) -> anyhow::Result<Option<Study>> {
        if let Some(name) = &self.suite {
            let suite = Suite::find(name)?;
            return Ok(Some(Study {
                scenarios: suite.entries,
                trials: suite.trials.get(),
            }));
        }
        let scenarios = load.scenarios()?;
        Ok((!scenarios.is_empty()).then_some(Study {
            scenarios,
            trials: ROUNDS,
        }))
    }
}

impl Study {
    /// The scenarios as the record describes them.
    pub(crate) fn infos(&self) -> Vec<ScenarioInfo> {
        let info = |scenario: &Scenario| ScenarioInfo {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            reads: scenario.reads.clone(),
        };
        self.scenarios.iter().map(info).collect()
    }
}
