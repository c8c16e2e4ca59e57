//! Scenarios and suites on the command line.

use std::path::PathBuf;

use super::load::LoadArgs;
use crate::record::ScenarioInfo;
use crate::scenario::{Scenario, Suite};

/// Rounds of scenarios that no suite names: the fewest that can show an order.
const ROUNDS: usize = 6;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Study")]
pub(crate) struct StudyArgs {
    /// Scenarios that go together: quick, ci or full, or a file that ends in .toml
    #[arg(long, conflicts_with = "scenario", conflicts_with_all = [
        "rate", "slo", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
        "params", "idle", "think", "payload",
    ], value_name = "NAME")]
    suite: Option<String>,
    /// Go on with an interrupted run, by its own command, and complete its record
    #[arg(long, value_name = "RECORD")]
    pub(crate) resume: Option<PathBuf>,
}

/// Scenarios, and how often each is measured.
pub(crate) struct Study {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) trials: usize,
}

impl StudyArgs {
    /// The scenarios asked for, if any are.
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
    /// How they go into the record.
    pub(crate) fn infos(&self) -> Vec<ScenarioInfo> {
        let info = |scenario: &Scenario| ScenarioInfo {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            reads: scenario.reads.clone(),
        };
        self.scenarios.iter().map(info).collect()
    }
}
