//! The command line as clap knows it: all commands, each with its own defaults in its help.

use clap::{Arg, Command, CommandFactory};

use super::defaults::Defaults;
use super::{Cli, calibrate, check, measure_task, models, serve, torture};
use crate::server::ServeModel;

/// How much the help shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelpLength {
    /// `-h`: the most used options without headings, so that it fits one screen.
    Short,
    /// `--help`: all options.
    Full,
}

const SHORT_TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{positionals}\n{options}{after-help}";
const SHORT_TEMPLATE_WITHOUT_POSITIONALS: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{options}{after-help}";

impl HelpLength {
    /// What these arguments ask for.
    pub(crate) fn of(arguments: &[String]) -> HelpLength {
        if arguments.iter().any(|argument| argument == "-h") {
            HelpLength::Short
        } else {
            HelpLength::Full
        }
    }
}

/// All commands.
pub(crate) fn command(models: &[&dyn ServeModel], length: HelpLength) -> Command {
    let command = with_defaults(Cli::command(), measure_task::defaults());
    let command = command.mut_subcommands(|command| match command.get_name() {
        "check" => with_one_workers(with_defaults(command, check::defaults())),
        "calibrate" => with_one_workers(with_defaults(command, calibrate::defaults())),
        "torture" => with_one_workers(with_defaults(command, torture::defaults())),
        "serve" => with_one_workers(with_defaults(command, serve::defaults())),
        _ => command,
    });
    match length {
        HelpLength::Short => short(command),
        HelpLength::Full => {
            let command = command.after_help(models::list(models));
            full(command.mut_subcommands(|command| match command.get_name() {
                "torture" => command.after_help(torture::catalogue()),
                _ => command,
            }))
        }
    }
}

fn with_defaults(command: Command, defaults: Defaults) -> Command {
    let add = |command: Command, (id, default): (&'static str, String)| {
        command.mut_arg(id, |arg: Arg| {
            let help = arg.get_help().cloned().unwrap_or_default();
            arg.help(format!("{help} [default: {default}]"))
        })
    };
    defaults.into_iter().fold(command, add)
}

/// The help of a command that takes one number of workers, not a list.
fn with_one_workers(command: Command) -> Command {
    command.mut_arg("workers", |arg: Arg| arg.value_name("N"))
}

/// Shows the options that have `hide_short_help`.
fn full(command: Command) -> Command {
    let command = command.mut_args(|arg| arg.hide_short_help(false));
    command.mut_subcommands(full)
}

fn short(command: Command) -> Command {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let name = command.get_name().to_owned();
    let commands = format!(
        "Commands: {}.\n{name} COMMAND -h: options of a command. {name} --help: all options.",
        names.join(", ")
    );
    let command = short_one(command, "").after_help(commands);
    command.mut_subcommands(move |command| short_one(command, &name))
}

fn short_one(command: Command, parent: &str) -> Command {
    let has_positionals = command.get_positionals().next().is_some();
    let hides_any = command.get_arguments().any(Arg::is_hide_short_help_set);
    let more = format!("{parent} {} --help shows all options.", command.get_name());
    let command = if hides_any && !parent.is_empty() {
        command.after_help(more)
    } else {
        command
    };
    command.help_template(if has_positionals {
        SHORT_TEMPLATE
    } else {
        SHORT_TEMPLATE_WITHOUT_POSITIONALS
    })
}
