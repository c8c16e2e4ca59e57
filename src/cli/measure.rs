//! `rpcbench` without a command: measures.

use std::io::{self, Write};
use std::process::ExitCode;

use super::app::App;
pub(crate) use super::measure_task::Args;
use super::plan::{print_plan, print_search};
use super::resume::resume;
use super::session::session;
use super::usage::UsageError;
use crate::findings::nobody_was_served;
use crate::measure::{Finished, Session};
use crate::record::Verdict;
use crate::report;

/// Measures, then prints and saves the results.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let format = format(&args.output.format)?;
    let (task, mut session) = match &args.study.resume {
        Some(path) => resume(app, path)?,
        None => (args.task(app)?, session()),
    };
    if args.output.plan {
        match &task.search {
            Some(search) => print_search(search)?,
            None => print_plan(&task.plan)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    session.scenarios.clone_from(&task.scenarios);
    session.file = args
        .output
        .file(&session.started, args.study.resume.as_deref());
    let finished = match &task.search {
        Some(search) => super::session::run(&session, search)?,
        None => super::session::run(&session, &task.plan)?,
    };
    finish(finished, &session, format, args.output.strict)
}

/// Prints and saves the complete trials, and returns the error or the exit code.
fn finish(
    finished: Finished,
    session: &Session,
    format: &dyn report::Format,
    strict: bool,
) -> anyhow::Result<ExitCode> {
    let record = finished.record;
    let mut trials = record.cells.iter().flat_map(|cell| &cell.trials);
    if trials.clone().next().is_some() || finished.error.is_none() {
        write!(anstream::stdout(), "{}", format.render(&record))?;
    }
    if let Some(path) = session.save(&record)? {
        writeln!(io::stderr(), "record: {}", path.display())?;
        if record.interrupted && record.searches.is_empty() {
            writeln!(
                io::stderr(),
                "to resume: rpcbench --resume {}",
                path.display()
            )?;
        }
    }
    if let Some(error) = finished.error {
        return Err(error.into());
    }
    let any_invalid = trials.any(|trial| trial.validity.verdict == Verdict::Invalid);
    Ok(match (finished.interrupted, strict && any_invalid) {
        (true, _) => ExitCode::FAILURE,
        (_, true) => ExitCode::from(5),
        _ if nobody_was_served(&record) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

pub(crate) fn format(name: &str) -> anyhow::Result<&'static dyn report::Format> {
    let names = || {
        report::ALL
            .iter()
            .map(|format| format.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = report::ALL.iter().find(|format| format.name() == name);
    found.copied().ok_or_else(|| {
        UsageError(format!(
            "unknown format {name:?}: choose one of {}",
            names()
        ))
        .into()
    })
}
