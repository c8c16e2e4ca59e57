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
use crate::record::{Environment, Record, Tool};

/// The options that `--resume` allows: those of the output.
const ALLOWED: [&str; 7] = [
    "resume", "format", "save", "no_save", "plan", "strict", "asserts",
];

/// Refuses options of a command other than these: the record defines what is measured, so they
/// would be ignored. Without a command: the options of a measurement.
pub(super) fn refuse_options_except(
    app: App<'_>,
    name: Option<&str>,
    allowed: &[&str],
) -> anyhow::Result<()> {
    let mut whole = command(app.models, HelpLength::Full);
    let all = whole.try_get_matches_from_mut(std::env::args_os())?;
    let (command, matches) = match name.and_then(|name| {
        let command = whole.find_subcommand(name)?;
        Some((command, all.subcommand_matches(name)?))
    }) {
        Some(found) => found,
        None => (&whole, &all),
    };
    let other = command.get_opts().find(|option| {
        let id = option.get_id().as_str();
        let is_given = matches.try_get_raw(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine);
        is_given && !allowed.contains(&id)
    });
    match other.and_then(clap::Arg::get_long) {
        Some(name) => Err(UsageError(format!(
            "--{name} cannot be used with --resume: the record defines what is measured"
        ))
        .into()),
        None => Ok(()),
    }
}

/// Whether a record can be continued here; else why not.
pub(super) fn is_of_this_build_and_machine(
    tool: &Tool,
    environment: &Environment,
) -> Result<(), &'static str> {
    if *tool != environment::tool() {
        return Err(
            "another build of rpcbench measured it; one record cannot contain results of two builds",
        );
    }
    if !environment.is_same_machine(&environment::read()) {
        return Err("it was measured on another machine or with another kernel");
    }
    Ok(())
}

/// The task of an interrupted run: from the command in its record, with its results so far.
pub(crate) fn resume(app: App<'_>, path: &Path) -> anyhow::Result<(Task, Session)> {
    refuse_options_except(app, None, &ALLOWED)?;
    let record = Record::read(path)?;
    let refused = |reason: &str| UsageError(format!("--resume {}: {reason}", path.display()));
    if !record.interrupted {
        return Err(refused("this run is complete; there is nothing to resume").into());
    }
    let mut trials = record.cells.iter().flat_map(|cell| &cell.trials);
    if trials.any(|trial| !trial.ranks.is_empty()) {
        return Err(refused(
            "several generators made its load, and such a run is not resumed: measure again",
        )
        .into());
    }
    is_of_this_build_and_machine(&record.tool, &record.environment).map_err(refused)?;
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
    task.plan.take_earlier(EarlierRun {
        cells: record.cells,
        pilots: record.pilots,
        warmup: record.warmup,
    });
    let mut resumed = record.resumed;
    resumed.push(now());
    let mut session = Session::new(words);
    session.started = record.started;
    session.scenarios = record.scenarios;
    session.resumed = resumed;
    Ok((task, session))
}
