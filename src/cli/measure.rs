//! `rpcbench` without a command: measures.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::app::App;
use super::interrupt::Interrupt;
pub(crate) use super::measure_task::Args;
use super::origin::{Origin, SavingObserver, recorded};
use super::plan::{print_plan, print_search};
use super::progress::Progress;
use super::resume::resume;
use super::usage::UsageError;
use crate::measure::Outcome;
use crate::measure::descriptors::reserve_descriptors;
use crate::measure::rounds::measure;
use crate::measure::slo_search::search_rates;
use crate::record::{Record, Trial, Verdict};
use crate::report;

/// Measures, then prints and saves the results.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let format = format(&args.output.format)?;
    let (task, mut origin) = match &args.study.resume {
        Some(path) => resume(app, path)?,
        None => (args.task(app)?, Origin::now()),
    };
    if args.output.plan {
        match &task.search {
            Some(search) => print_search(search)?,
            None => print_plan(&task.plan)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    reserve_descriptors(&task.plan.cases)?;
    origin.seed = task.plan.seed;
    origin.scenarios.clone_from(&task.scenarios);
    let file = args
        .output
        .file(&origin.started, args.study.resume.as_deref());
    if let Some(file) = &file {
        // Fails now, not after minutes of measuring.
        Record::check_writable(file)?;
    }
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let outcome = match &task.search {
        Some(search) => search_rates(search, &mut progress),
        None => measure(
            &task.plan,
            &mut SavingObserver::new(&mut progress, &origin, file.as_deref()),
        ),
    };
    progress.finish();
    finish(
        outcome,
        &origin,
        format,
        file.as_deref(),
        args.output.strict,
    )
}

/// Prints and saves the complete trials, and returns the error or the exit code.
fn finish(
    outcome: Outcome,
    origin: &Origin,
    format: &dyn report::Format,
    file: Option<&Path>,
    strict: bool,
) -> anyhow::Result<ExitCode> {
    let complete = outcome.cells.iter().any(|cell| !cell.trials.is_empty());
    let (interrupted, record, error) = recorded(outcome, origin);
    if complete || error.is_none() {
        write!(anstream::stdout(), "{}", format.render(&record))?;
    }
    if let Some(path) = file.filter(|_| complete) {
        record.write(path)?;
        writeln!(io::stderr(), "record: {}", path.display())?;
        if record.interrupted && record.searches.is_empty() {
            writeln!(
                io::stderr(),
                "to resume: rpcbench --resume {}",
                path.display()
            )?;
        }
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    let invalid = |trial: &Trial| trial.validity.verdict == Verdict::Invalid;
    let any_invalid = record
        .cells
        .iter()
        .flat_map(|cell| &cell.trials)
        .any(invalid);
    Ok(match (interrupted, strict && any_invalid) {
        (true, _) => ExitCode::FAILURE,
        (_, true) => ExitCode::from(5),
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
