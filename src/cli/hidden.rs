//! The hidden commands that rpcbench starts itself with: the guard, and the server below it.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::anyhow;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use super::app::App;
use super::args::server::find_model;
use crate::process::{Launch, Ready, ServeRequest, guard};
use crate::selftest::servers;
use crate::server::Server;
use crate::sys::limits::raise_descriptor_limit;

/// A command that rpcbench starts itself with. It is not part of the help.
#[derive(Debug)]
pub(crate) enum Hidden {
    Serve {
        request: String,
    },
    Guard {
        launch: String,
        command: Vec<OsString>,
    },
}

impl Hidden {
    /// The hidden command that these arguments name, if any.
    pub(crate) fn of(arguments: &[String]) -> anyhow::Result<Option<Hidden>> {
        let [_, name, rest @ ..] = arguments else {
            return Ok(None);
        };
        match (name.as_str(), rest) {
            ("__serve", [request]) => Ok(Some(Hidden::Serve {
                request: request.clone(),
            })),
            // program, __guard, launch, "--", command
            ("__guard", [launch, ..]) => Ok(Some(Hidden::Guard {
                launch: launch.clone(),
                command: std::env::args_os().skip(4).collect(),
            })),
            ("__serve" | "__guard", _) => Err(anyhow!("{name} lacks its arguments")),
            _ => Ok(None),
        }
    }

    /// Runs it.
    pub(crate) fn run(self, app: App<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Hidden::Serve { request } => serve(app, &request),
            Hidden::Guard { launch, command } => guard(&launch, &command),
        }
    }
}

/// `__guard`: the process between the harness and a server.
fn guard(launch: &str, command: &[OsString]) -> anyhow::Result<ExitCode> {
    let launch: Launch = serde_json::from_str(launch)?;
    guard::run(&launch, command)?;
    Ok(ExitCode::SUCCESS)
}

/// `__serve`: binds, writes one ready line, and serves until it is stopped.
fn serve(app: App<'_>, request: &str) -> anyhow::Result<ExitCode> {
    // The parent is the guard, and the server must not outlive it.
    set_pdeathsig(Signal::SIGKILL)?;
    let request = ServeRequest::parse(request).map_err(|fault| anyhow!(fault))?;
    let (model, service) = match servers::find(&request.model) {
        Some(known) => (known.model, known.service),
        None => (find_model(app, &request.model)?, app.service),
    };
    raise_descriptor_limit()?;
    let server = Server::bind(&request.settings, model.workers(), service)?;
    let ready = Ready {
        schema: Ready::SCHEMA.to_owned(),
        model: model.name().to_owned(),
        address: server.address(),
        workers: server.workers().map(|(count, _)| count.get()),
        accept: server.workers().map(|(_, accept)| accept.to_string()),
        pid: std::process::id() as i32,
        meter_fd: server.meter().fd(),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&ready)?)?;
    model.serve(&server)?;
    Ok(ExitCode::SUCCESS)
}
