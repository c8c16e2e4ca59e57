//! `rpcbench`: measure.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::interrupt::Interrupt;
use super::load_args::LoadArgs;
use super::progress::Progress;
use super::serve::ServerArgs;
use super::who::WhoArgs;
use super::{Parts, Usage};
use crate::environment;
use crate::error::Error;
use crate::record::{Record, Trial, Verdict};
use crate::report;
use crate::run::seek::{SearchPlan, seek};
use crate::run::{Outcome, Plan, Seat, measure};

/// Descriptors that the harness needs beside one a client.
const OTHER_DESCRIPTORS: u64 = 64;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    who: WhoArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// text, json, csv or markdown, on stdout
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// Write the record to this file [default: a new one in results/runs]
    #[arg(long, value_name = "FILE", conflicts_with = "no_save")]
    save: Option<PathBuf>,
    /// Write no record
    #[arg(long)]
    no_save: bool,
    /// Print what would be measured and how long it takes
    #[arg(long, conflicts_with = "format")]
    plan: bool,
    /// Exit with 5 when a trial is invalid
    #[arg(long)]
    strict: bool,
}

/// Measures, shows, saves.
pub(super) fn run(parts: Parts<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let format = format(&args.output.format)?;
    let plan = plan(parts, args)?;
    let search = args.load.slo.map(|slo| SearchPlan {
        seats: plan.seats.clone(),
        slo,
        schedule: args.load.schedule(1.0),
        seed: plan.seed,
    });
    if args.output.plan {
        match &search {
            Some(search) => print_search(search)?,
            None => print_plan(&plan)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    make_room(&plan.seats)?;
    let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let file = args.output.file(&started);
    if let Some(file) = &file {
        // Not after minutes of measuring.
        Record::check_writable(file)?;
    }
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let outcome = match &search {
        Some(search) => seek(search, &mut progress),
        None => measure(&plan, &mut progress),
    };
    progress.finish();
    finish(
        &plan,
        outcome,
        &started,
        format,
        file.as_deref(),
        args.output.strict,
    )
}

/// Shows and saves what was complete, and says what was not.
fn finish(
    plan: &Plan,
    outcome: Outcome,
    started: &str,
    format: &dyn report::Format,
    file: Option<&Path>,
    strict: bool,
) -> anyhow::Result<ExitCode> {
    let complete = outcome.cells.iter().any(|cell| !cell.trials.is_empty());
    let (interrupted, record, error) = recorded(outcome, started, plan.seed);
    if complete || error.is_none() {
        write!(anstream::stdout(), "{}", format.render(&record))?;
    }
    if let Some(path) = file.filter(|_| complete) {
        record.write(path)?;
        writeln!(io::stderr(), "record: {}", path.display())?;
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

/// The record of a run, whether it was ended from outside, and what went wrong, if anything did.
pub(super) fn recorded(
    outcome: Outcome,
    started: &str,
    seed: u64,
) -> (bool, Record, Option<Error>) {
    let Outcome {
        cells,
        searches,
        check,
        interrupted,
        error,
    } = outcome;
    let record = Record {
        schema: Record::SCHEMA.to_owned(),
        started: started.to_owned(),
        command: std::env::args().collect(),
        seed,
        interrupted: interrupted || error.is_some(),
        tool: environment::tool(),
        environment: environment::look(),
        cells,
        searches,
        check,
    };
    (interrupted, record, error)
}

impl OutputArgs {
    /// Where the record goes, if anywhere.
    fn file(&self, started: &str) -> Option<PathBuf> {
        let named = || self.save.clone().unwrap_or_else(|| default_path(started));
        (!self.no_save).then(named)
    }
}

fn default_path(started: &str) -> PathBuf {
    let name: String = started
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    PathBuf::from(format!("results/runs/{name}-{}.json", std::process::id()))
}

fn format(name: &str) -> anyhow::Result<&'static dyn report::Format> {
    let known = || {
        report::ALL
            .iter()
            .map(|format| format.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = report::ALL.iter().find(|format| format.name() == name);
    found.copied().ok_or_else(|| {
        Usage(format!(
            "unknown format {name:?}: choose one of {}",
            known()
        ))
        .into()
    })
}

/// The matrix: contestants × loads.
fn plan(parts: Parts<'_>, args: &Args) -> anyhow::Result<Plan> {
    let bare = args.who.names_nobody();
    args.load.check_cpus()?;
    args.server.check_cpus()?;
    let entrants = args.who.entrants(parts, &args.server)?;
    let mut seats = Vec::new();
    for load in args.load.loads(bare, &args.server)? {
        for (entrant, info) in &entrants {
            let (entrant, info, load) = (entrant.clone(), info.clone(), load.clone());
            seats.push(Seat {
                entrant,
                info,
                load,
                scenario: None,
                attack: None,
            });
        }
    }
    let seed = args.load.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    Ok(Plan {
        seats,
        rounds: args.load.rounds(bare),
        seed,
    })
}

/// Raises the limit of descriptors to what may be had, and refuses what will not fit.
pub(super) fn make_room<'a>(seats: impl IntoIterator<Item = &'a Seat>) -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let connections = seats.into_iter().map(|seat| seat.load.connections());
    let connections = connections.max().unwrap_or(0);
    let needed = connections as u64 + OTHER_DESCRIPTORS;
    if needed > hard {
        bail!(Error::Descriptors {
            connections,
            needed,
            limit: hard,
            fit: hard.saturating_sub(OTHER_DESCRIPTORS)
        });
    }
    Ok(())
}

fn print_search(search: &SearchPlan) -> anyhow::Result<()> {
    let seconds = search.time().as_secs_f64().ceil();
    let mut out = io::stdout().lock();
    let target = search.slo;
    writeln!(
        out,
        "the highest rate within {target}, in about {seconds} s, seed {}:",
        search.seed
    )?;
    for seat in &search.seats {
        let (name, load) = (seat.name(), &seat.load);
        let (clients, step) = (load.clients, load.duration);
        writeln!(
            out,
            "  {name}, {clients} clients, steps of {step:?} after {:?}",
            load.warmup
        )?;
    }
    Ok(())
}

fn print_plan(plan: &Plan) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let seconds = plan.time_left(0).as_secs_f64().ceil();
    let trials = match plan.trials() {
        1 => "1 trial".to_owned(),
        many => format!("{many} trials"),
    };
    writeln!(out, "{trials} in about {seconds} s, seed {}:", plan.seed)?;
    for (order, (round, at)) in plan.order().into_iter().enumerate() {
        let seat = &plan.seats[at];
        let (name, load) = (&seat.info.name, &seat.load);
        let rate = load
            .schedule
            .map(|schedule| format!(" at {}/s", schedule.rate_rps));
        writeln!(
            out,
            "{:>4}  round {}  {name}, {} clients{}, {:?} after {:?}",
            order + 1,
            round + 1,
            load.clients,
            rate.unwrap_or_default(),
            load.duration,
            load.warmup
        )?;
    }
    Ok(())
}
