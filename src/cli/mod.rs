//! The command line: one file a command.

mod hidden;
mod interrupt;
mod serve;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::model::ServeModel;
use crate::service::Service;

/// What a binary of rpcbench is made of: plug in your own.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The models that `--model` knows.
    pub models: &'a [&'a dyn ServeModel],
    /// What answers the requests.
    pub service: &'a dyn Service,
}

#[derive(Debug, Parser)]
#[command(name = "rpcbench", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one server in the foreground
    Serve(serve::Args),
    #[command(name = "__serve", hide = true)]
    HiddenServe { order: String },
    #[command(name = "__guard", hide = true)]
    Guard {
        drain_ms: u64,
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

/// Runs the program: a `main` of one line.
pub fn main(models: &[&dyn ServeModel], service: &dyn Service) -> ExitCode {
    let parts = Parts { models, service };
    let done = match Cli::parse().command {
        Some(Command::Serve(args)) => serve::run(parts, &args),
        Some(Command::HiddenServe { order }) => hidden::serve(parts, &order),
        Some(Command::Guard { drain_ms, command }) => hidden::guard(drain_ms, &command),
        None => Ok(ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("rpcbench: {error:#}\n"),
        );
        ExitCode::FAILURE
    })
}
