//! The options for suites and `--resume`.

use std::path::PathBuf;

use super::load::LoadArgs;
use crate::record::ScenarioInfo;
use crate::scenario::{Scenario, Suite};

/// Default rounds of scenarios without a suite: the fewest that can show a ranking.
const ROUNDS: usize = 6;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Study")]
pub(crate) struct StudyArgs {
    /// Suite of scenarios: quick, ci, full, or a .toml file
    #[arg(long, conflicts_with = "scenario", conflicts_with_all = [
        "rate", "slo", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
        "params", "idle", "think", "payload",
    ], value_name = "NAME")]
    suite: Option<String>,
    /// Resume an interrupted run with its own command, and complete its record
    #[arg(long, value_name = "RECORD")]
    pub(crate) resume: Option<PathBuf>,
}

/// Scenarios, and the number of trials of each.
pub(crate) struct Study {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) trials: usize,
}

impl StudyArgs {
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
