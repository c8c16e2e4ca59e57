//! `--resume`: continues an interrupted run.

use std::path::Path;

use clap::Parser;
use clap::parser::ValueSource;

use super::app::App;
use super::command::{HelpLength, command};
use super::measure_task::Task;
use super::usage::UsageError;
use crate::cli::Cli;
use crate::measure::session::now;
use crate::measure::{EarlierRun, Session, environment};
use crate::record::Record;

/// The options that `--resume` allows: those of the output.
const ALLOWED: [&str; 7] = [
    "resume", "format", "save", "no_save", "plan", "strict", "asserts",
];

/// Refuses options other than those for output: the record defines what is measured, so they
/// would be ignored.
fn refuse_other_options(app: App<'_>) -> anyhow::Result<()> {
    let mut whole = command(app.models, HelpLength::Full);
    let matches = whole.try_get_matches_from_mut(std::env::args_os())?;
    let other = whole.get_opts().find(|option| {
        let id = option.get_id().as_str();
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        is_given && !ALLOWED.contains(&id)
    });
    match other.and_then(clap::Arg::get_long) {
        Some(name) => Err(UsageError(format!(
            "--{name} cannot be used with --resume: the record defines what is measured"
        ))
        .into()),
        None => Ok(()),
    }
}

/// The task of an interrupted run: from the command in its record, with its results so far.
pub(crate) fn resume(app: App<'_>, path: &Path) -> anyhow::Result<(Task, Session)> {
    refuse_other_options(app)?;
    let record = Record::read(path)?;
    let refused = |reason: &str| UsageError(format!("--resume {}: {reason}", path.display()));
    if !record.interrupted {
        return Err(refused("this run is complete; there is nothing to resume").into());
    }
    if record.tool != environment::tool() {
        return Err(refused("another build of rpcbench measured it; one record cannot contain results of two builds").into());
    }
    if !record.environment.is_same_machine(&environment::read()) {
        return Err(refused("it was measured on another machine or with another kernel").into());
    }
    let words = record.command.clone();
    let parsed = Cli::try_parse_from(&words).ok();
    let cli = parsed.filter(|cli| cli.command.is_none());
    let Some(cli) = cli else {
        return Err(refused("its command is not a measurement").into());
    };
    let mut task = cli.measure.task(app)?;
    if task.search.is_some() {
        return Err(refused("a search for a rate cannot be resumed").into());
    }
    task.plan.seed = record.seed;
    task.plan.before = EarlierRun {
        cells: record.cells,
        pilots: record.pilots,
    };
    let mut resumed = record.resumed;
    resumed.push(now());
    let mut session = Session::new(words);
    session.started = record.started;
    session.scenarios = record.scenarios;
    session.resumed = resumed;
    Ok((task, session))
}
