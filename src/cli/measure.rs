//! `rpcbench`: measure.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::interrupt::Interrupt;
use super::load_args::LoadArgs;
use super::origin::{Keeping, Origin, recorded};
use super::plan::{print_plan, print_search};
use super::progress::Progress;
use super::serve::ServerArgs;
use super::study::{StudyArgs, resume};
use super::who::WhoArgs;
use super::{Parts, Usage};
use crate::error::Error;
use crate::record::{Record, ScenarioInfo, Trial, Verdict};
use crate::report;
use crate::run::seek::{SearchPlan, seek};
use crate::run::{Before, Outcome, Plan, Seat, measure};

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
    study: StudyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is measured, and how it goes into the record.
pub(super) struct Task {
    pub(super) plan: Plan,
    pub(super) search: Option<SearchPlan>,
    pub(super) scenarios: Vec<ScenarioInfo>,
}

impl Args {
    /// Contestants × loads.
    pub(super) fn task(&self, parts: Parts<'_>) -> anyhow::Result<Task> {
        self.load.check_cpus()?;
        self.server.check_cpus()?;
        let bare = self.who.names_nobody();
        let study = self.study.study(&self.load)?;
        let cases = match &study {
            Some(study) => self.load.cases(&study.scenarios, &self.server)?,
            None => self.load.loads(bare, &self.server)?,
        };
        let mut seats = Vec::new();
        for case in cases {
            let server = self.server.wired(case.load.wiring);
            for (entrant, info) in self.who.entrants(parts, &server)? {
                let case = case.clone();
                seats.push(Seat {
                    entrant,
                    info,
                    load: case.load,
                    scenario: case.scenario,
                    attack: None,
                    offer: case.offer,
                });
            }
        }
        refuse_twins(&seats)?;
        let usual = study
            .as_ref()
            .map_or(if bare { 6 } else { 1 }, |study| study.trials);
        let plan = Plan {
            seats,
            rounds: self.load.rounds(usual),
            seed: self.load.seed.unwrap_or_else(|| fastrand::u64(..1 << 32)),
            before: Before::default(),
        };
        let search = self.load.slo.map(|slo| SearchPlan {
            seats: plan.seats.clone(),
            slo,
            schedule: self.load.schedule(1.0),
            seed: plan.seed,
        });
        let scenarios = study.map(|study| study.infos()).unwrap_or_default();
        Ok(Task {
            plan,
            search,
            scenarios,
        })
    }
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
    let (task, mut origin) = match &args.study.resume {
        Some(path) => resume(parts, path)?,
        None => (args.task(parts)?, Origin::now()),
    };
    if args.output.plan {
        match &task.search {
            Some(search) => print_search(search)?,
            None => print_plan(&task.plan)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    make_room(&task.plan.seats)?;
    origin.seed = task.plan.seed;
    origin.scenarios.clone_from(&task.scenarios);
    let file = args
        .output
        .file(&origin.started, args.study.resume.as_deref());
    if let Some(file) = &file {
        // Not after minutes of measuring.
        Record::check_writable(file)?;
    }
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let outcome = match &task.search {
        Some(search) => seek(search, &mut progress),
        None => measure(
            &task.plan,
            &mut Keeping::new(&mut progress, &origin, file.as_deref()),
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

/// Shows and saves what was complete, and says what was not.
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
                "go on with: rpcbench --resume {}",
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

impl OutputArgs {
    /// Where the record goes, if anywhere.
    fn file(&self, started: &str, resumed: Option<&Path>) -> Option<PathBuf> {
        let again = resumed.map(Path::to_owned);
        let named = self.save.clone().or(again);
        (!self.no_save).then(|| named.unwrap_or_else(|| default_path(started)))
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

/// What is asked for twice would be set against itself.
fn refuse_twins(seats: &[Seat]) -> Result<(), Usage> {
    for (at, seat) in seats.iter().enumerate() {
        if seats[..at].iter().any(|other| other.is_twin_of(seat)) {
            let (name, clients) = (seat.name(), seat.load.clients);
            let scenario = seat.scenario.as_deref().map(|name| format!(" of {name}"));
            let scenario = scenario.unwrap_or_default();
            return Err(Usage(format!(
                "{name} with {clients} clients{scenario} is asked for twice"
            )));
        }
    }
    Ok(())
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
