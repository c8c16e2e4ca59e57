//! The command line: one file per command. Options that several commands share
//! are in `args/`.
//!
//! Contains everything that reads arguments, prints or exits. To add a command:
//! add a file here and a variant of `Command`. No other module imports this one.

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
mod output;
mod plan;
mod progress;
mod report;
mod resume;
mod scenarios;
mod serve;
mod session;
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
    /// Measure how noisy this machine is: a build compared with itself
    Calibrate(calibrate::Args),
    /// Attack a server with hostile clients and measure what well-behaved clients see
    Torture(torture::Args),
    /// Write records as one HTML page with charts, and as Markdown, CSV and HdrHistogram files
    Report(report::Args),
    /// List settings of this machine that distort results, and how to fix them
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

/// Runs the whole program with these models and this service.
///
/// Call it first in `main`, while the process has one thread. It starts a
/// server by running the same binary again.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     rpcbench::main(rpcbench::models::ALL, &rpcbench::Builtin)
/// }
/// ```
pub fn main(models: &[&dyn ServeModel], service: &dyn Service) -> ExitCode {
    let app = App { models, service };
    run(app).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        let _ = writeln!(std::io::stderr(), "rpcbench: {}", with_causes(&error));
        if is_usage_error(&error) {
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
        Err(output) if !output.use_stderr() => {
            // clap returns the text of --help and --version as an error.
            output.print()?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => return Err(UsageError(shortened(&error)).into()),
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

/// clap's message on one line: the fault, then clap's tip or a pointer to `--help`.
fn shortened(error: &clap::Error) -> String {
    let message = error.render().to_string();
    let mut lines = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let fault = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    // clap prints lists, such as the missing arguments, on separate lines.
    let (mut fault, mut hint) = (fault, "see rpcbench --help");
    for line in lines.take_while(|line| !line.starts_with("Usage:")) {
        match line.strip_prefix("tip: ") {
            Some(tip) => hint = tip,
            None => fault = format!("{fault} {line}"),
        }
    }
    format!("{fault}; {hint}")
}

/// The error, with the causes that its message does not contain already.
fn with_causes(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), |message, cause| {
        if message.contains(&cause) {
            message
        } else {
            format!("{message}: {cause}")
        }
    })
}

fn is_usage_error(error: &anyhow::Error) -> bool {
    let library_error = error.downcast_ref::<Error>();
    let is_wrong_argument = matches!(
        library_error,
        Some(
            Error::UnknownModel { .. }
                | Error::UnknownScenario { .. }
                | Error::AcceptMode { .. }
                | Error::TooManyWorkers { .. }
        )
    );
    is_wrong_argument || error.is::<UsageError>()
}

/// The reader of stdout closed its end of the pipe, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
