//! `rpcbench completions`: prints a completion script for a shell.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Arg;
use clap::builder::PossibleValuesParser;
use clap_complete::{Shell, generate};

use super::app::App;
use super::command::{HelpLength, command};
use super::models;
use crate::attack::catalogue;
use crate::protocol::METHODS;
use crate::scenario::catalogue::ALL;
use crate::scenario::suite::SUITES;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let whole = command(app.models, HelpLength::Full);
    let mut whole = with_values(whole, &values(app));
    let mut script = Vec::new();
    generate(args.shell, &mut whole, "rpcbench", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// The known values of options whose values the parser does not restrict.
fn values(app: App<'_>) -> Vec<(&'static str, Vec<&'static str>)> {
    let names =
        |catalogue: &[(&'static str, &str)]| catalogue.iter().map(|(name, _)| *name).collect();
    vec![
        ("model", models::values(app.models)),
        ("scenario", names(ALL)),
        ("suite", names(SUITES)),
        (
            "attack",
            catalogue::ALL.iter().map(|attack| attack.name).collect(),
        ),
        ("method", METHODS.iter().map(|method| method.name).collect()),
    ]
}

fn with_values(
    command: clap::Command,
    values: &[(&'static str, Vec<&'static str>)],
) -> clap::Command {
    let values = values.to_vec();
    let for_subcommands = values.clone();
    let command =
        command.mut_args(
            move |arg: Arg| match values.iter().find(|(id, _)| arg.get_id() == *id) {
                Some((_, names)) => arg.value_parser(PossibleValuesParser::new(names.clone())),
                None => arg,
            },
        );
    command.mut_subcommands(move |command| with_values(command, &for_subcommands))
}
