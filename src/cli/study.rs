//! Scenarios and suites of a measurement, and going on with one that was interrupted.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::load_args::LoadArgs;
use super::measure::Task;
use super::origin::{Origin, now};
use super::{Cli, Parts, Usage};
use crate::environment;
use crate::record::{Record, ScenarioInfo};
use crate::run::Before;
use crate::scenario::{Scenario, Suite};

/// Rounds of scenarios that no suite names: the fewest that can show an order.
const ROUNDS: usize = 6;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Study")]
pub(super) struct StudyArgs {
    /// Scenarios that go together: quick, ci or full, or a file that ends in .toml
    #[arg(long, conflicts_with = "scenario", conflicts_with_all = [
        "rate", "slo", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
        "params", "idle", "think", "payload",
    ], value_name = "NAME")]
    suite: Option<String>,
    /// Go on with an interrupted run, by its own command, and complete its record
    #[arg(long, value_name = "RECORD")]
    pub(super) resume: Option<PathBuf>,
}

/// Scenarios, and how often each is measured.
pub(super) struct Study {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) trials: usize,
}

impl StudyArgs {
    /// The scenarios asked for, if any are.
    pub(super) fn study(&self, load: &LoadArgs) -> anyhow::Result<Option<Study>> {
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
    pub(super) fn infos(&self) -> Vec<ScenarioInfo> {
        let info = |scenario: &Scenario| ScenarioInfo {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            reads: scenario.reads.clone(),
        };
        self.scenarios.iter().map(info).collect()
    }
}

/// What is measured stands in the record; another wish beside it would be passed over.
fn only_output_beside_it() -> Result<(), Usage> {
    const OUTPUT: [&str; 6] = [
        "--resume",
        "--format",
        "--save",
        "--no-save",
        "--plan",
        "--strict",
    ];
    let flags = std::env::args().filter(|word| word.starts_with("--"));
    let mut names = flags.map(|flag| flag.split('=').next().unwrap_or_default().to_owned());
    match names.find(|name| !OUTPUT.contains(&name.as_str())) {
        Some(name) => Err(Usage(format!(
            "{name} does not go with --resume: the record says what is measured"
        ))),
        None => Ok(()),
    }
}

/// The task of a record that was interrupted, by its own command, with what it holds already.
pub(super) fn resume(parts: Parts<'_>, path: &Path) -> anyhow::Result<(Task, Origin)> {
    only_output_beside_it()?;
    let record = Record::read(path)?;
    let refused = |why: &str| Usage(format!("--resume {}: {why}", path.display()));
    if !record.interrupted {
        return Err(refused("the run was complete; there is nothing to go on with").into());
    }
    if record.tool != environment::tool() {
        return Err(refused("another build of rpcbench measured it; figures of two builds do not go into one record").into());
    }
    if !record.environment.is_same_machine(&environment::look()) {
        return Err(refused("it was measured on another machine, or another kernel").into());
    }
    let command = record.command.clone();
    let parsed = Cli::try_parse_from(&command).ok();
    let cli = parsed.filter(|cli| cli.command.is_none());
    let Some(cli) = cli else {
        return Err(refused("its command was no measurement").into());
    };
    let mut task = cli.measure.task(parts)?;
    if task.search.is_some() {
        return Err(refused("a search for a rate cannot be taken up again").into());
    }
    task.plan.seed = record.seed;
    task.plan.before = Before {
        cells: record.cells,
        pilots: record.pilots,
    };
    let mut resumed = record.resumed;
    resumed.push(now());
    let origin = Origin {
        started: record.started,
        command,
        seed: record.seed,
        scenarios: record.scenarios,
        resumed,
    };
    Ok((task, origin))
}
