//! The options of a server.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context;

use super::numbers::Bytes;
use super::{numbers, times, values};
use crate::cli::app::App;
use crate::cli::models::names;
use crate::cli::near::near;
use crate::cli::usage::UsageError;
use crate::error::Error;
use crate::process::{ReadyBy, ServeRequest, ServerProgram};
use crate::protocol::{DEFAULT_MAX_FRAME_BYTES, WriteMode};
use crate::record::ServerOptions;
use crate::server::model::find;
use crate::server::{Accept, Limits, ServeModel, Settings};
use crate::sys::Cpus;

/// Default time that a connection may be without progress.
pub(crate) const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The options of a server; the same for `serve` and for a measurement.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Workers, processes or threads, of models that have several [default: preforking, pool: 10, others: one per core]
    #[arg(long, value_delimiter = ',', value_parser = numbers::count, value_name = "N,…", hide_short_help = true)]
    workers: Vec<NonZeroUsize>,
    /// How workers accept connections: shared, reuseport or exclusive [default: depends on the model]
    #[arg(long, value_name = "MODE", hide_short_help = true)]
    accept: Option<Accept>,
    /// How messages are written, on both sides: default (one write, NODELAY) or split (length and
    /// body in two writes, Nagle's algorithm on, backlog 1: shows the 40 ms of delayed acknowledgements)
    #[arg(long, alias = "wire", default_value_t = WriteMode::Default, value_name = "MODE", hide_short_help = true)]
    write_mode: WriteMode,
    /// Connections that may wait to be accepted [default: 4096, --write-mode split: 1]
    #[arg(long, value_name = "N", hide_short_help = true)]
    backlog: Option<u32>,
    /// Run the server on these cores, such as 0,2-3
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    server_cpus: Option<Cpus>,
    /// Maximum connections at a time; at this limit the server stops accepting [default: 4096, async: as many as descriptors]
    #[arg(long, value_parser = numbers::count, value_name = "N", hide_short_help = true)]
    max_connections: Option<NonZeroUsize>,
    /// Maximum size of a message
    #[arg(long, default_value_t = Bytes(DEFAULT_MAX_FRAME_BYTES), value_name = "SIZE", hide_short_help = true)]
    max_frame: Bytes,
    /// Close a connection after this time without progress; 0 means never
    #[arg(long, value_parser = times::timeout, value_name = "TIME", hide_short_help = true)]
    idle_timeout: Option<Duration>,
    /// Replace a worker process if its handler takes longer than this; 0 means never
    #[arg(long, default_value = "30s", value_parser = times::timeout, value_name = "TIME", hide_short_help = true)]
    busy_timeout: Duration,
    /// After the last event, poll without sleeping for this time before blocking; models with an event
    /// loop only. Shortens the latency of few clients and takes CPU time [default: 0]
    #[arg(long, value_parser = times::busy_poll, value_name = "TIME", hide_short_help = true)]
    busy_poll: Option<Duration>,
    /// When the server stops, time to finish the requests in progress
    #[arg(long, default_value = "5s", value_parser = times::timeout, value_name = "TIME", hide_short_help = true)]
    drain: Duration,
}

impl ServerArgs {
    /// The request to serve with `model`, checked as far as possible without a server.
    ///
    /// A model without workers ignores the options for workers, and one without an event loop
    /// `--busy-poll`.
    pub(crate) fn serve_request(
        &self,
        model: &dyn ServeModel,
        address: SocketAddr,
    ) -> Result<ServeRequest, Error> {
        let limits = Limits {
            max_frame_bytes: self.max_frame.0,
            max_connections: self.max_connections.map(NonZeroUsize::get),
            idle_timeout: self.idle_timeout(),
            busy_timeout: Some(self.busy_timeout).filter(|time| !time.is_zero()),
            busy_poll: self.busy_poll(model),
            drain: self.drain,
        };
        let settings = Settings {
            address,
            backlog: self.backlog(),
            workers: self.workers.first().copied(),
            accept: self.accept,
            write_mode: self.write_mode,
            limits,
        };
        settings.resolve(model.workers())?;
        Ok(ServeRequest::new(model.name(), settings))
    }

    /// The options as the record stores them for `model`; the missing ones come from the ready
    /// line.
    pub(crate) fn options(&self, model: &dyn ServeModel) -> ServerOptions {
        let workers = self.workers.first().filter(|_| model.workers().is_some());
        ServerOptions {
            workers: workers.map(|workers| workers.get()),
            accept: None,
            backlog: Some(self.backlog()),
            max_connections: self.max_connections.map(NonZeroUsize::get),
            max_frame_bytes: Some(self.max_frame.0),
            idle_timeout_s: self.idle_timeout().map(|time| time.as_secs_f64()),
            busy_poll_us: self.busy_poll(model).map(|time| time.as_secs_f64() * 1e6),
            drain_s: Some(self.drain.as_secs_f64()),
            cpus: self.server_cpus.as_ref().map(Cpus::to_string),
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        let time = self.idle_timeout.unwrap_or(DEFAULT_IDLE_TIMEOUT);
        (!time.is_zero()).then_some(time)
    }

    fn busy_poll(&self, model: &dyn ServeModel) -> Option<Duration> {
        self.busy_poll
            .filter(|time| model.busy_polls() && !time.is_zero())
    }

    /// The same options, with this idle timeout if the command line gives none.
    pub(crate) fn with_default_idle_timeout(&self, time: Duration) -> ServerArgs {
        ServerArgs {
            idle_timeout: self.idle_timeout.or(Some(time)),
            ..self.clone()
        }
    }

    /// These options for each server of a model: one per number of workers.
    pub(crate) fn each(&self, model: &dyn ServeModel) -> Vec<ServerArgs> {
        if model.workers().is_none() || self.workers.is_empty() {
            return vec![self.clone()];
        }
        let one = |workers: &NonZeroUsize| ServerArgs {
            workers: vec![*workers],
            ..self.clone()
        };
        self.workers.iter().map(one).collect()
    }

    /// Refuses a list of workers for a command that does not compare servers.
    pub(crate) fn refuse_list(&self, command: &str) -> Result<(), UsageError> {
        if self.workers.len() < 2 {
            return Ok(());
        }
        let workers: Vec<String> = self.workers.iter().map(ToString::to_string).collect();
        Err(UsageError(format!(
            "--workers {}: {command} takes one number; only a measurement compares several",
            workers.join(",")
        )))
    }

    /// The same options, with this write mode.
    pub(crate) fn with_write_mode(&self, write_mode: WriteMode) -> ServerArgs {
        ServerArgs {
            write_mode,
            ..self.clone()
        }
    }

    fn backlog(&self) -> u32 {
        self.backlog.unwrap_or(self.write_mode.backlog())
    }

    /// How messages are written.
    pub(crate) fn write_mode(&self) -> WriteMode {
        self.write_mode
    }

    /// Refuses cores that this process may not use.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--server-cpus", self.server_cpus.as_ref())
    }

    /// The cores that the server runs on.
    pub(crate) fn cpus(&self) -> Option<&Cpus> {
        self.server_cpus.as_ref()
    }

    /// Time that a stopping server has to finish the requests in progress.
    pub(crate) fn drain(&self) -> Duration {
        self.drain
    }

    /// Maximum size of a message, in bytes.
    pub(crate) fn max_frame_bytes(&self) -> usize {
        self.max_frame.0
    }

    /// The program that serves `model` with these settings, at `listen`.
    pub(crate) fn program(
        &self,
        model: &dyn ServeModel,
        listen: SocketAddr,
    ) -> anyhow::Result<ServerProgram> {
        let request = self
            .serve_request(model, listen)
            .with_context(|| format!("--model {}", model.name()))?;
        let workers = request.settings.resolve(model.workers())?;
        let workers = workers.map_or(1, |(workers, _)| workers.get());
        let request = serde_json::to_string(&request)?;
        Ok(ServerProgram {
            name: model.name().to_owned(),
            command: ServerProgram::own_command(request)?,
            guard: None,
            ready: ReadyBy::Line,
            drain: self.drain,
            cpus: self.server_cpus.clone(),
            serial_workers: model.is_serial().then_some(workers),
            show_stderr: false,
        })
    }
}

impl ServerArgs {
    /// Refuses options that none of the servers uses: some apply to models with several
    /// workers, some to all models, and none to a server that already runs.
    pub(crate) fn refuse_unused(
        &self,
        models: &[&dyn ServeModel],
        commands: bool,
    ) -> Result<(), UsageError> {
        let no_workers = models.iter().all(|model| model.workers().is_none());
        let no_loop = !models.iter().any(|model| model.busy_polls());
        let no_model = models.is_empty();
        let workers = "models with several workers: rpcbench models lists them";
        let loops = "models with an event loop, such as async";
        let any_model = "models; pass it in the command itself";
        let started = "servers that rpcbench starts";
        let options = [
            ("--workers", !self.workers.is_empty(), no_workers, workers),
            ("--accept", self.accept.is_some(), no_workers, workers),
            ("--busy-poll", self.busy_poll.is_some(), no_loop, loops),
            ("--backlog", self.backlog.is_some(), no_model, any_model),
            (
                "--max-connections",
                self.max_connections.is_some(),
                no_model,
                any_model,
            ),
            (
                "--server-cpus",
                self.server_cpus.is_some(),
                no_model && !commands,
                started,
            ),
        ];
        let unused = options
            .iter()
            .find(|(_, given, unused, _)| *given && *unused);
        unused.map_or(Ok(()), |(flag, _, _, users)| {
            Err(UsageError(format!("{flag} is for {users}")))
        })
    }
}

/// The model with this name or alias, if this machine can run it.
pub(crate) fn find_runnable_model<'a>(
    app: App<'a>,
    name: &str,
) -> Result<&'a dyn ServeModel, Error> {
    let model = find_model(app, name)?;
    match model.unavailable() {
        None => Ok(model),
        Some(reason) => Err(Error::UnavailableModel {
            name: model.name(),
            reason,
        }),
    }
}

/// The model with this name or alias.
pub(crate) fn find_model<'a>(app: App<'a>, name: &str) -> Result<&'a dyn ServeModel, Error> {
    find(app.models, name).ok_or_else(|| Error::UnknownModel {
        name: name.to_owned(),
        known: app
            .models
            .iter()
            .map(|model| model.name())
            .collect::<Vec<_>>()
            .join(", "),
        near: near(name, names(app.models)).map(str::to_owned),
    })
}
