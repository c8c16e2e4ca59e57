//! The command line: one file per command; the options that several commands
//! share are in `args/`.
//!
//! Owns everything that reads arguments, prints or exits. To change: a new
//! command is a file here and a variant of `Command`. No other room imports this.

mod app;
pub mod args;
mod calibrate;
mod check;
mod doctor;
mod hidden;
mod interrupt;
mod measure;
mod measure_task;
mod models;
mod origin;
mod output;
mod plan;
mod progress;
mod report;
mod resume;
mod scenarios;
mod serve;
mod torture;
mod usage;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anstyle::AnsiColor;
pub(crate) use app::App;
use clap::builder::Styles;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
pub(crate) use usage::UsageError;

use crate::error::Error;
use crate::protocol::Service;
use crate::server::ServeModel;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Measures RPC servers under six concurrency models, side by side
#[derive(Debug, Parser)]
#[command(name = "rpcbench", version, styles = STYLES, args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: measure::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one server in the foreground, until Ctrl-C
    Serve(serve::Args),
    /// List the models
    Models(models::Args),
    /// List the scenarios and suites, or print the file of one
    Scenarios(scenarios::Args),
    /// Compare a candidate with a baseline, for CI: the exit code is the verdict
    Check(check::Args),
    /// Say how noisy this machine is: identical against identical
    Calibrate(calibrate::Args),
    /// Attack a server with hostile clients and say what well-behaved ones see
    Torture(torture::Args),
    /// Write records as one HTML page with charts, Markdown, CSV and HdrHistogram's files
    Report(report::Args),
    /// Say what on this machine will spoil figures, and the mend
    Doctor,
    #[command(name = "__serve", hide = true)]
    HiddenServe { request: String },
    #[command(name = "__guard", hide = true)]
    Guard {
        launch: String,
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

/// Runs the program with these models and this service: a `main` of one line.
///
/// Call it first thing in `main`, while the process has one thread: a server
/// is started by running the same binary again.
pub fn main(models: &[&dyn ServeModel], service: &dyn Service) -> ExitCode {
    let app = App { models, service };
    run(app).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        let _ = writeln!(std::io::stderr(), "rpcbench: {}", in_words(&error));
        if is_usage(&error) {
            ExitCode::from(2)
        } else {
            ExitCode::FAILURE
        }
    })
}

fn run(app: App<'_>) -> anyhow::Result<ExitCode> {
    let command = Cli::command().after_help(format!("Models:\n{}", models::list(app.models)));
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(told) if !told.use_stderr() => {
            // Help and version were asked for.
            told.print()?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => return Err(UsageError(in_short(&error)).into()),
    };
    let cli = Cli::from_arg_matches(&matches)?;
    match cli.command {
        None => measure::run(app, &cli.measure),
        Some(Command::Serve(args)) => serve::run(app, &args),
        Some(Command::Models(args)) => models::run(app, &args),
        Some(Command::Scenarios(args)) => scenarios::run(&args),
        Some(Command::Calibrate(args)) => calibrate::run(app, &args),
        Some(Command::Check(args)) => check::run(app, &args),
        Some(Command::Torture(args)) => torture::run(app, &args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::HiddenServe { request }) => hidden::serve(app, &request),
        Some(Command::Guard { launch, command }) => hidden::guard(&launch, &command),
    }
}

/// What clap says at length: the fault, and its tip or where to look.
fn in_short(error: &clap::Error) -> String {
    let told = error.render().to_string();
    let mut lines = told.lines().map(str::trim).filter(|line| !line.is_empty());
    let fault = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    // A list, such as of what is missing, stands on lines of its own.
    let (mut fault, mut hint) = (fault, "see rpcbench --help");
    for line in lines.take_while(|line| !line.starts_with("Usage:")) {
        match line.strip_prefix("tip: ") {
            Some(tip) => hint = tip,
            None => fault = format!("{fault} {line}"),
        }
    }
    format!("{fault}; {hint}")
}

/// The error and those causes that it does not name itself.
fn in_words(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), |words, cause| {
        if words.contains(&cause) {
            words
        } else {
            format!("{words}: {cause}")
        }
    })
}

fn is_usage(error: &anyhow::Error) -> bool {
    let ours = error.downcast_ref::<Error>();
    let asked = matches!(
        ours,
        Some(
            Error::UnknownModel { .. }
                | Error::UnknownScenario { .. }
                | Error::AcceptMode { .. }
                | Error::TooManyWorkers { .. }
        )
    );
    asked || error.is::<UsageError>()
}

/// Whoever read our output has had enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
