//! The command line: one file per command. Options that several commands share
//! are in `args/`.
//!
//! Contains everything that reads arguments, prints or exits. To add a command:
//! add a file here and a variant of `Command`. No other module imports this one.

mod app;
pub mod args;
mod asked;
mod calibrate;
mod check;
mod check_codes;
mod check_plan;
mod check_resume;
mod command;
mod completions;
mod defaults;
mod doctor;
#[cfg(test)]
mod effects;
mod explanation;
mod forecast;
mod hidden;
mod interrupt;
mod man;
mod measure;
mod measure_task;
mod merge;
mod methods;
mod models;
mod near;
mod old_files;
mod output;
mod plan;
mod progress;
mod progress_line;
mod progress_state;
mod ranks;
mod report;
mod resume;
mod scenarios;
mod selftest;
mod serve;
mod session;
mod suggestions;
mod torture;
mod units;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use anstyle::AnsiColor;
pub(crate) use app::App;
use asked::Asked;
use clap::builder::Styles;
use clap::{ArgAction, FromArgMatches, Parser, Subcommand};
use command::{HelpLength, command};
use explanation::explained;
use hidden::Hidden;
use ranks::Ranks;
pub(crate) use usage::UsageError;

#[cfg(feature = "mpi")]
use crate::cluster::role::Role;
use crate::cluster::started_by::StartedBy;
use crate::error::Error;
use crate::protocol::Service;
use crate::server::ServeModel;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Measures RPC servers under classic and modern concurrency models, side by side
#[derive(Debug, Parser)]
#[command(name = "rpcbench", version, styles = STYLES, args_conflicts_with_subcommands = true, disable_version_flag = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: measure::Args,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, hide_short_help = true)]
    version: (),
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write records as one HTML page with charts, and as Markdown, CSV and HdrHistogram files
    Report(report::Args),
    /// Make one record of those of the generators of a load (--rank)
    Merge(merge::Args),
    /// Compare a candidate with a baseline, for CI: the exit code is the verdict
    Check(Box<check::Args>),
    /// Measure how noisy this machine is: a build compared with itself
    Calibrate(Box<calibrate::Args>),
    /// Measure servers of known behaviour: are the figures right here?
    Selftest(selftest::Args),
    /// Attack a server with hostile clients and measure what well-behaved clients see
    Torture(torture::Args),
    /// Run one server in the foreground, until Ctrl-C
    Serve(serve::Args),
    /// List the models
    Models(models::Args),
    /// List the scenarios and suites, or print the file of one
    Scenarios(scenarios::Args),
    /// List settings of this machine that distort results, and how to fix them
    Doctor,
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print a manual page, to be read with man -l
    Man(man::Args),
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
        print_error(&error);
        check_codes::of_error(&arguments(), is_usage_error(&error))
    })
}

fn print_error(error: &anyhow::Error) {
    let text = with_causes(error);
    // One of several processes says it for all.
    if !text.is_empty() {
        let _ = writeln!(std::io::stderr(), "rpcbench: {text}");
    }
}

fn run(app: App<'_>) -> anyhow::Result<ExitCode> {
    if StartedBy::environment().is_some() {
        // An engine gives each process a terminal of its own, and what it prints may go to a file.
        anstream::ColorChoice::Never.write_global();
    }
    let arguments = arguments();
    if let Some(hidden) = Hidden::of(&arguments)? {
        return hidden.run(app);
    }
    #[cfg(feature = "mpi")]
    match Role::take()? {
        Role::Alone => {}
        Role::Follower(follower) => {
            follower.run()?;
            return Ok(ExitCode::SUCCESS);
        }
        Role::Leader(leader) => {
            let ranks = Ranks::led_by(&leader);
            let code = command_of(app, &arguments, &ranks);
            let has_failed =
                ranks.was_interrupted() || code.as_ref().is_err_and(|error| !is_usage_error(error));
            if has_failed && let Err(error) = &code {
                // The other ranks may hang: MPI ends all, and this process too.
                print_error(error);
            }
            leader.end(has_failed);
            return code;
        }
    }
    command_of(app, &arguments, &Ranks::alone())
}

fn command_of(app: App<'_>, arguments: &[String], ranks: &Ranks) -> anyhow::Result<ExitCode> {
    let cli = match parse(app, arguments)? {
        Some(cli) => cli,
        None => return Ok(ExitCode::SUCCESS),
    };
    if let Some(command) = &cli.command {
        ranks.refuse(command)?;
    }
    match cli.command {
        None => measure::run(app, &cli.measure, ranks),
        Some(Command::Serve(args)) => serve::run(app, &args),
        Some(Command::Models(args)) => models::run(app, &args),
        Some(Command::Scenarios(args)) => scenarios::run(&args),
        Some(Command::Calibrate(args)) => calibrate::run(app, &args),
        Some(Command::Check(args)) => check::run(app, &args),
        Some(Command::Selftest(args)) => selftest::run(&args),
        Some(Command::Torture(args)) => torture::run(app, &args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Merge(args)) => merge::run(&args),
        Some(Command::Doctor) => doctor::run(),
        Some(Command::Completions(args)) => completions::run(app, &args),
        Some(Command::Man(args)) => man::run(app, &args),
    }
}

/// The arguments as text. Bytes that are not UTF-8 are replaced: they can stand in paths only,
/// which clap reads itself.
fn arguments() -> Vec<String> {
    let arguments = std::env::args_os();
    let text = arguments.map(|argument| argument.to_string_lossy().into_owned());
    text.collect()
}

/// Reads the arguments; `None` if they asked for help or the version, which is then printed.
fn parse(app: App<'_>, arguments: &[String]) -> anyhow::Result<Option<Cli>> {
    let mut command = command(app.models, HelpLength::of(arguments));
    let matches = match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => matches,
        Err(output) if !output.use_stderr() => {
            // clap returns the text of --help and --version as an error.
            output.print()?;
            return Ok(None);
        }
        Err(error) => {
            let asked = Asked {
                whole: &command,
                arguments,
                models: &models::names(app.models),
            };
            return Err(UsageError(explained(&error, &asked)).into());
        }
    };
    for note in units::notes(&command, &matches) {
        writeln!(std::io::stderr(), "rpcbench: {note}")?;
    }
    Ok(Some(Cli::from_arg_matches(&matches)?))
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
                | Error::UnknownMethod { .. }
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
