//! `rpcbench serve`: one server in the foreground, under the same guard as in a measurement.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::app::App;
use super::defaults::Defaults;
use super::interrupt::Interrupt;
use crate::cli::args::server::{DEFAULT_IDLE_TIMEOUT, ServerArgs, find_runnable_model};
use crate::cli::args::values;
use crate::process::{RunningServer, ServerProgram};

/// How often the command checks whether its server still runs.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    vec![("idle_timeout", format!("{DEFAULT_IDLE_TIMEOUT:?}"))]
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The concurrency model
    #[arg(short, long)]
    pub(crate) model: String,
    /// Address to listen on; with port 0, any free port
    #[arg(long, default_value = "127.0.0.1:0", value_parser = values::address, value_name = "HOST:PORT")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// The program that serves as these options say.
pub(super) fn program(app: App<'_>, args: &Args) -> anyhow::Result<ServerProgram> {
    let model = find_runnable_model(app, &args.model)?;
    args.server.refuse_unused(&[model], false)?;
    args.server.check_cpus()?;
    args.server.refuse_list("serve")?;
    args.server.program(model, args.listen)
}

/// Serves until SIGINT or SIGTERM. The first signal drains the server, a second one kills it.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let program = program(app, args)?;
    let mut server = RunningServer::start(&ServerProgram {
        show_stderr: true,
        ..program
    })?;
    writeln!(std::io::stdout(), "listening on {}", server.address())?;
    while !interrupt.wait(CHECK_EVERY)? {
        if let Some(ended) = server.ended() {
            return Err(server.died(&ended).into());
        }
    }
    server.ask_to_stop();
    loop {
        if server.wait_for_end(CHECK_EVERY).is_some() || interrupt.wait(Duration::ZERO)? {
            // Dropping the server kills its remaining processes.
            return Ok(ExitCode::SUCCESS);
        }
    }
}
