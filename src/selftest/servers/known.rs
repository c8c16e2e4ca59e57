//! A server of known behaviour, and the program that serves it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::process::{ReadyBy, ServeRequest, ServerProgram};
use crate::protocol::{DEFAULT_MAX_FRAME_BYTES, Service, WriteMode};
use crate::server::{Limits, ServeModel, Settings};

/// Longer than any gap between two requests of a check: the server then never sleeps, so no
/// wake-up of a core is part of its behaviour.
const BUSY_POLL: Duration = Duration::from_millis(500);
/// Connections that still wait for a dropped reply are cut after this time.
const DRAIN: Duration = Duration::from_millis(100);

/// A server of known behaviour: a model with a handler.
#[derive(Clone, Copy)]
pub struct KnownServer {
    /// The name that it is started with.
    pub name: &'static str,
    /// The model.
    pub model: &'static dyn ServeModel,
    /// The handler.
    pub service: &'static dyn Service,
    /// The number of worker processes, for a model that has them.
    pub(super) workers: Option<NonZeroUsize>,
    /// Whether it polls without sleeping.
    pub(super) busy_polls: bool,
    /// Whether it returns the times of its requests when it is asked for them.
    pub keeps_arrivals: bool,
}

impl fmt::Debug for KnownServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl KnownServer {
    pub(super) const fn new(
        name: &'static str,
        model: &'static dyn ServeModel,
        service: &'static dyn Service,
    ) -> KnownServer {
        KnownServer {
            name,
            model,
            service,
            workers: None,
            busy_polls: false,
            keeps_arrivals: false,
        }
    }

    /// The program that serves it.
    ///
    /// # Errors
    /// When the path of this program cannot be read.
    pub(crate) fn program(&self) -> io::Result<ServerProgram> {
        let request = ServeRequest::new(self.name, self.settings());
        Ok(ServerProgram {
            name: self.name.to_owned(),
            command: ServerProgram::own_command(serde_json::to_string(&request)?)?,
            guard: None,
            ready: ReadyBy::Line,
            drain: DRAIN,
            cpus: None,
            serial_workers: None,
            show_stderr: false,
        })
    }

    fn settings(&self) -> Settings {
        Settings {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            backlog: WriteMode::Default.backlog(),
            workers: self.workers,
            accept: None,
            write_mode: WriteMode::Default,
            limits: Limits {
                max_frame_bytes: DEFAULT_MAX_FRAME_BYTES,
                max_connections: None,
                idle_timeout: None,
                busy_timeout: None,
                busy_poll: self.busy_polls.then_some(BUSY_POLL),
                drain: DRAIN,
            },
        }
    }
}
