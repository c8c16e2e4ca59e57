//! `rpcbench` without a command: measures.

use std::process::ExitCode;

use super::app::App;
pub(crate) use super::measure_task::Args;
use super::output::{print, say};
use super::plan::{print_plan, print_search};
use super::ranks::Ranks;
use super::resume::resume;
use super::session::{Run, session};
use super::usage::UsageError;
use crate::cli::args::servers::hint_at_other_models;
use crate::findings::assertions::worst;
use crate::findings::no_client_was_served;
use crate::record::{AssertVerdict, Record, Verdict};
use crate::report;

/// Measures, then saves and prints the results.
pub(crate) fn run(app: App<'_>, args: &Args, ranks: &Ranks) -> anyhow::Result<ExitCode> {
    let format = format(&args.output.format)?;
    if args.ranks.rank.is_none() {
        ranks.refuse_without_mpi()?;
    }
    let (mut task, mut session) = match &args.study.resume {
        Some(path) => {
            let (mut task, session) = resume(app, path)?;
            task.asserts.extend(args.output.conditions.asserts.clone());
            (task, session)
        }
        None => (args.task(app)?, session()),
    };
    ranks.join(&mut task, &args.ranks)?;
    if args.output.plan {
        match &task.search {
            Some(search) => print_search(search)?,
            None => print_plan(&task.plan)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    if args.study.resume.is_none() && args.names_no_server() {
        hint_at_other_models(app).iter().for_each(|hint| say(hint));
    }
    args.left_out(app).iter().for_each(|note| say(note));
    session.scenarios.clone_from(&task.scenarios);
    session.asserts.clone_from(&task.asserts);
    let resumed = args.study.resume.as_deref();
    session.file = args.output.save.file(&session.started, resumed);
    let run = match &task.search {
        Some(search) => super::session::run(&session, search)?,
        None => super::session::run(&session, &task.plan)?,
    };
    if run.interrupted {
        ranks.interrupted();
    }
    finish(run, format, args.output.strict)
}

/// Prints what was measured, and returns the error or the exit code.
fn finish(run: Run, format: &dyn report::Format, strict: bool) -> anyhow::Result<ExitCode> {
    let record = &run.record;
    let mut trials = record.cells.iter().flat_map(|cell| &cell.trials);
    let shown = if trials.next().is_some() || !run.has_failed() {
        print(&format.render(record))
    } else {
        Ok(())
    };
    let code = exit_code(record, strict);
    let advice = resume_advice(&run);
    let ended = run.end(shown, code);
    advice.iter().for_each(|advice| say(advice));
    ended
}

/// The exit code of a measurement by its conditions and validity.
pub(super) fn exit_code(record: &Record, strict: bool) -> ExitCode {
    let mut trials = record.cells.iter().flat_map(|cell| &cell.trials);
    let any_invalid = trials.any(|trial| trial.validity.verdict == Verdict::Invalid);
    match worst(&record.asserts) {
        Some(AssertVerdict::Violated) => ExitCode::from(3),
        _ if strict && any_invalid => ExitCode::from(5),
        _ if no_client_was_served(record) => ExitCode::FAILURE,
        Some(AssertVerdict::Undecided) => ExitCode::from(4),
        Some(AssertVerdict::Holds) | None => ExitCode::SUCCESS,
    }
}

/// How to measure the remaining trials; a search has none.
fn resume_advice(run: &Run) -> Option<String> {
    let path = run.file()?.to_str()?;
    let mut trials = run.record.cells.iter().flat_map(|cell| &cell.trials);
    let has_ranks = trials.any(|trial| !trial.ranks.is_empty());
    let is_resumable = run.record.interrupted && run.record.searches.is_empty() && !has_ranks;
    let path = shlex::try_quote(path).ok()?;
    is_resumable.then(|| format!("to resume: rpcbench --resume {path}"))
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
