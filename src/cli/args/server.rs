//! The options of a server.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context;

use super::values;
use super::values::Bytes;
use crate::cli::app::App;
use crate::cli::usage::UsageError;
use crate::error::Error;
use crate::process::{ReadyBy, ServeRequest, ServerProgram};
use crate::protocol::{DEFAULT_MAX_FRAME_BYTES, WriteMode};
use crate::record::ServerOptions;
use crate::server::model::find;
use crate::server::{Accept, Limits, ServeModel, Settings};
use crate::sys::Cpus;

/// How long a connection may be without progress, unless asked otherwise.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What can be asked of a server; the same for `serve` and for a measurement.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Worker processes of the preforking models [default: 10, async: one a core]
    #[arg(long, value_parser = values::count, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// How workers accept: shared, reuseport or exclusive [default: the model's own]
    #[arg(long, value_name = "MODE")]
    accept: Option<Accept>,
    /// How messages are written, on both sides: default (one write, NODELAY) or split (length and
    /// body in two writes, Nagle's algorithm on, a backlog of 1: the 40 ms of delayed acknowledgements)
    #[arg(long, alias = "wire", default_value_t = WriteMode::Default, value_name = "MODE")]
    write_mode: WriteMode,
    /// Connections that may wait to be accepted [default: 4096, --write-mode split: 1]
    #[arg(long, value_name = "N")]
    backlog: Option<u32>,
    /// Keep the server on these cores, such as 0,2-3
    #[arg(long, value_name = "LIST")]
    server_cpus: Option<Cpus>,
    /// Connections at a time; over it, accepting waits [default: 4096, async: descriptors]
    #[arg(long, value_parser = values::count, value_name = "N")]
    max_connections: Option<NonZeroUsize>,
    /// The longest message
    #[arg(long, default_value_t = Bytes(DEFAULT_MAX_FRAME_BYTES), value_name = "SIZE")]
    max_frame: Bytes,
    /// Close connections without progress for so long; 0 is never [default: 60s, torture: 2s]
    #[arg(long, value_parser = values::timeout, value_name = "TIME")]
    idle_timeout: Option<Duration>,
    /// Replace a worker process whose handler has not returned for so long; 0 is never
    #[arg(long, default_value = "30s", value_parser = values::timeout, value_name = "TIME")]
    busy_timeout: Duration,
    /// What a stop gives to what is in flight
    #[arg(long, default_value = "5s", value_parser = values::timeout, value_name = "TIME")]
    drain: Duration,
}

impl ServerArgs {
    /// The order to serve with `model`, checked so far as that can be done without a server.
    ///
    /// What is for several workers only is passed over by a model that has none.
    pub(crate) fn order(
        &self,
        model: &dyn ServeModel,
        address: SocketAddr,
    ) -> Result<ServeRequest, Error> {
        let limits = Limits {
            max_frame_bytes: self.max_frame.0,
            max_connections: self.max_connections.map(NonZeroUsize::get),
            idle_timeout: self.idle_timeout(),
            busy_timeout: Some(self.busy_timeout).filter(|time| !time.is_zero()),
            drain: self.drain,
        };
        let settings = Settings {
            address,
            backlog: self.backlog(),
            workers: self.workers,
            accept: self.accept,
            write_mode: self.write_mode,
            limits,
        };
        settings.resolve(model.workers())?;
        Ok(ServeRequest::new(model.name(), settings))
    }

    /// What goes into the record of it; the rest is known when it is ready.
    pub(crate) fn options(&self) -> ServerOptions {
        ServerOptions {
            workers: None,
            accept: None,
            backlog: Some(self.backlog()),
            max_connections: self.max_connections.map(NonZeroUsize::get),
            max_frame_bytes: Some(self.max_frame.0),
            idle_timeout_s: self.idle_timeout().map(|time| time.as_secs_f64()),
            drain_s: Some(self.drain.as_secs_f64()),
            cpus: self.server_cpus.as_ref().map(Cpus::to_string),
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        let time = self.idle_timeout.unwrap_or(IDLE_TIMEOUT);
        (!time.is_zero()).then_some(time)
    }

    /// The same, with another idle timeout where none was asked for.
    pub(crate) fn usually_idle(&self, time: Duration) -> ServerArgs {
        ServerArgs {
            idle_timeout: self.idle_timeout.or(Some(time)),
            ..self.clone()
        }
    }

    /// The same, with messages written so.
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

    /// Refuses cores that this machine has not.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--server-cpus", self.server_cpus.as_ref())
    }

    /// The cores to keep a server on.
    pub(crate) fn cpus(&self) -> Option<&Cpus> {
        self.server_cpus.as_ref()
    }

    /// What a stop gives to what is in flight.
    pub(crate) fn drain(&self) -> Duration {
        self.drain
    }

    /// The longest message.
    pub(crate) fn max_frame_bytes(&self) -> usize {
        self.max_frame.0
    }

    /// The contestant that a model makes with these settings, on a free port.
    pub(crate) fn contestant(
        &self,
        model: &dyn ServeModel,
        listen: SocketAddr,
    ) -> anyhow::Result<ServerProgram> {
        let order = self
            .order(model, listen)
            .with_context(|| format!("--model {}", model.name()))?;
        let order = serde_json::to_string(&order)?;
        Ok(ServerProgram {
            name: model.name().to_owned(),
            command: ServerProgram::own_command(order)?,
            ready: ReadyBy::Line,
            drain: self.drain,
            cpus: self.server_cpus.clone(),
            show_stderr: false,
        })
    }
}

impl ServerArgs {
    /// Refuses what none of these can be told: some is for models of several workers,
    /// some for models, and a server that runs already cannot be told anything.
    pub(crate) fn fits(
        &self,
        models: &[&dyn ServeModel],
        commands: bool,
    ) -> Result<(), UsageError> {
        let no_workers = models.iter().all(|model| model.workers().is_none());
        let no_model = models.is_empty();
        let workers = "models of several workers: preforking, preforking-async";
        let of_models = "models; give it to the command itself";
        let started = "servers that are started here";
        let asked = [
            ("--workers", self.workers.is_some(), no_workers, workers),
            ("--accept", self.accept.is_some(), no_workers, workers),
            ("--backlog", self.backlog.is_some(), no_model, of_models),
            (
                "--max-connections",
                self.max_connections.is_some(),
                no_model,
                of_models,
            ),
            (
                "--server-cpus",
                self.server_cpus.is_some(),
                no_model && !commands,
                started,
            ),
        ];
        let wrong = asked.iter().find(|(_, given, unfit, _)| *given && *unfit);
        wrong.map_or(Ok(()), |(flag, _, _, whom)| {
            Err(UsageError(format!("{flag} is for {whom}")))
        })
    }
}

/// The model of that name.
pub(crate) fn find_model<'a>(app: App<'a>, name: &str) -> Result<&'a dyn ServeModel, Error> {
    find(app.models, name).ok_or_else(|| Error::UnknownModel {
        name: name.to_owned(),
        known: app
            .models
            .iter()
            .map(|model| model.name())
            .collect::<Vec<_>>()
            .join(", "),
    })
}
