//! The commands that rpcbench runs itself as: the guard, and the server under it.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::Parts;
use super::serve::{Order, find_model};
use crate::cpus::Cpus;
use crate::harness::guard;
use crate::ready::Ready;
use crate::server::Server;

/// `__guard`: stands between the harness and a contestant.
pub(super) fn guard(
    drain_ms: u64,
    whose: &str,
    cpus: Option<&Cpus>,
    command: &[OsString],
) -> anyhow::Result<ExitCode> {
    // All that it starts inherits this.
    cpus.map(Cpus::pin).transpose()?;
    guard::run(command, Duration::from_millis(drain_ms), whose == "foreign")?;
    Ok(ExitCode::SUCCESS)
}

/// `__serve`: binds, says so in one line, and serves until told to stop.
pub(super) fn serve(parts: Parts<'_>, order: &str) -> anyhow::Result<ExitCode> {
    // Only the guard is its parent, and nothing may outlive the guard.
    set_pdeathsig(Signal::SIGKILL)?;
    let Order { model, settings } = serde_json::from_str(order)?;
    let model = find_model(parts, &model)?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let server = Server::bind(&settings, model.workers(), parts.service)?;
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
