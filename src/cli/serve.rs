//! `rpcbench serve`: one server in the foreground, under the same guard as in a measurement.

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::interrupt::Interrupt;
use super::values::{self, Bytes};
use super::{Parts, Usage};
use crate::cpus::Cpus;
use crate::error::Error;
use crate::harness::{Contestant, ReadyBy, Running};
use crate::model::{ServeModel, find};
use crate::protocol::DEFAULT_MAX_FRAME_BYTES;
use crate::record::Options;
use crate::server::{Accept, Limits, Settings};
use crate::wiring::Wiring;

/// How long a connection may be without progress, unless asked otherwise.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often the foreground looks whether its server still runs.
const LOOK_UP: Duration = Duration::from_millis(100);

/// What a hidden `__serve` is told, as one argument of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) model: String,
    pub(super) settings: Settings,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The concurrency model
    #[arg(long)]
    pub(super) model: String,
    /// Where to listen; port 0 is any free one
    #[arg(long, default_value = "127.0.0.1:0", value_parser = values::address, value_name = "HOST:PORT")]
    pub(super) listen: SocketAddr,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// What can be asked of a server; the same for `serve` and for a measurement.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerArgs {
    /// Worker processes of the preforking models [default: 10, async: one a core]
    #[arg(long, value_parser = values::count, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// How workers accept: shared, reuseport or exclusive [default: the model's own]
    #[arg(long, value_name = "MODE")]
    accept: Option<Accept>,
    /// How messages are written, on both sides: default, one write and NODELAY, or article, as
    /// the original of these models does it: two writes, Nagle's algorithm, a backlog of 1
    #[arg(long, default_value_t = Wiring::Default, value_name = "HOW")]
    wire: Wiring,
    /// Connections that may wait to be accepted [default: 4096, --wire article: 1]
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
    pub(super) fn order(
        &self,
        model: &dyn ServeModel,
        address: SocketAddr,
    ) -> Result<Order, Error> {
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
            wiring: self.wire,
            limits,
        };
        settings.resolve(model.workers())?;
        Ok(Order {
            model: model.name().to_owned(),
            settings,
        })
    }

    /// What goes into the record of it; the rest is known when it is ready.
    pub(super) fn options(&self) -> Options {
        Options {
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
    pub(super) fn usually_idle(&self, time: Duration) -> ServerArgs {
        ServerArgs {
            idle_timeout: self.idle_timeout.or(Some(time)),
            ..self.clone()
        }
    }

    /// The same, with messages written so.
    pub(super) fn wired(&self, wire: Wiring) -> ServerArgs {
        ServerArgs {
            wire,
            ..self.clone()
        }
    }

    fn backlog(&self) -> u32 {
        self.backlog.unwrap_or(self.wire.backlog())
    }

    /// How messages are written.
    pub(super) fn wiring(&self) -> Wiring {
        self.wire
    }

    /// Refuses cores that this machine has not.
    pub(super) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--server-cpus", self.server_cpus.as_ref())
    }

    /// The cores to keep a server on.
    pub(super) fn cpus(&self) -> Option<&Cpus> {
        self.server_cpus.as_ref()
    }

    /// What a stop gives to what is in flight.
    pub(super) fn drain(&self) -> Duration {
        self.drain
    }

    /// The longest message.
    pub(super) fn max_frame_bytes(&self) -> usize {
        self.max_frame.0
    }

    /// The contestant that a model makes with these settings, on a free port.
    pub(super) fn contestant(
        &self,
        model: &dyn ServeModel,
        listen: SocketAddr,
    ) -> anyhow::Result<Contestant> {
        let order = self
            .order(model, listen)
            .with_context(|| format!("--model {}", model.name()))?;
        let order = serde_json::to_string(&order)?;
        Ok(Contestant {
            name: model.name().to_owned(),
            command: Contestant::own_command(order)?,
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
    pub(super) fn fits(&self, models: &[&dyn ServeModel], commands: bool) -> Result<(), Usage> {
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
            Err(Usage(format!("{flag} is for {whom}")))
        })
    }
}

/// The model of that name.
pub(super) fn find_model<'a>(parts: Parts<'a>, name: &str) -> Result<&'a dyn ServeModel, Error> {
    find(parts.models, name).ok_or_else(|| Error::UnknownModel {
        name: name.to_owned(),
        known: parts
            .models
            .iter()
            .map(|model| model.name())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Serves until SIGINT or SIGTERM, which drains it, or a second one, which kills it.
pub(super) fn run(parts: Parts<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let model = find_model(parts, &args.model)?;
    args.server.fits(&[model], false)?;
    args.server.check_cpus()?;
    let contestant = args.server.contestant(model, args.listen)?;
    let mut server = Running::start(&Contestant {
        show_stderr: true,
        ..contestant
    })?;
    writeln!(std::io::stdout(), "listening on {}", server.address())?;
    while !interrupt.wait(LOOK_UP)? {
        if let Some(ended) = server.ended() {
            return Err(server.died(&ended).into());
        }
    }
    server.ask_to_stop();
    loop {
        if server.wait_for_end(LOOK_UP).is_some() || interrupt.wait(Duration::ZERO)? {
            // Dropping the server kills whatever is left of it.
            return Ok(ExitCode::SUCCESS);
        }
    }
}
