//! `rpcbench man`: prints a manual page.

use std::io::{self, Write};
use std::process::ExitCode;

use clap_mangen::Man;

use super::app::App;
use super::command::{HelpLength, command};
use super::usage::UsageError;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command that the page describes [default: rpcbench itself]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut whole = command(app.models, HelpLength::Full);
    // Gives each command its full name, such as rpcbench-check.
    whole.build();
    let page = match &args.command {
        None => whole,
        Some(name) => {
            let found = whole.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                let subcommands = whole.get_subcommands();
                let names: Vec<&str> = subcommands.map(clap::Command::get_name).collect();
                UsageError(format!(
                    "unknown command {name:?}: choose one of {}",
                    names.join(", ")
                ))
            })?
        }
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}
