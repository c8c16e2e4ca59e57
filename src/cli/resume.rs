//! Scenarios and suites of a measurement, and going on with one that was interrupted.

use std::path::Path;

use clap::Parser;

use super::app::App;
use super::measure_task::Task;
use super::origin::{Origin, now};
use super::usage::UsageError;
use crate::cli::Cli;
use crate::measure::{EarlierRun, environment};
use crate::record::Record;

/// What is measured stands in the record; another wish beside it would be passed over.
fn only_output_beside_it() -> Result<(), UsageError> {
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
        Some(name) => Err(UsageError(format!(
            "{name} does not go with --resume: the record says what is measured"
        ))),
        None => Ok(()),
    }
}

/// The task of a record that was interrupted, by its own command, with what it holds already.
pub(crate) fn resume(app: App<'_>, path: &Path) -> anyhow::Result<(Task, Origin)> {
    only_output_beside_it()?;
    let record = Record::read(path)?;
    let refused = |why: &str| UsageError(format!("--resume {}: {why}", path.display()));
    if !record.interrupted {
        return Err(refused("the run was complete; there is nothing to go on with").into());
    }
    if record.tool != environment::tool() {
        return Err(refused("another build of rpcbench measured it; figures of two builds do not go into one record").into());
    }
    if !record.environment.is_same_machine(&environment::read()) {
        return Err(refused("it was measured on another machine, or another kernel").into());
    }
    let command = record.command.clone();
    let parsed = Cli::try_parse_from(&command).ok();
    let cli = parsed.filter(|cli| cli.command.is_none());
    let Some(cli) = cli else {
        return Err(refused("its command was no measurement").into());
    };
    let mut task = cli.measure.task(app)?;
    if task.search.is_some() {
        return Err(refused("a search for a rate cannot be taken up again").into());
    }
    task.plan.seed = record.seed;
    task.plan.before = EarlierRun {
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
