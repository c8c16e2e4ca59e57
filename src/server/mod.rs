//! The toolkit that all models share: the socket, the service, the limits, the
//! stop signal, the meter, and the few verbs that a model is written with.
//!
//! - [`Server::accept`] waits for the next connection;
//! - [`Server::converse`] serves one connection, blocking, to its end;
//! - [`Connection::turn`] serves one connection as far as it goes without waiting;
//! - [`Server::children`] forks, counts and reaps processes;
//! - [`Server::supervise`] keeps worker processes alive.

mod accept;
mod children;
mod converse;
mod hung;
mod listen;
mod stop;
mod supervise;
mod timers;
mod try_accept;
mod turn;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use serde::{Deserialize, Serialize};

pub use accept::{ACCEPT_PAUSE, Event, may_accept_again};
pub use children::{Children, Gone};
pub use stop::Stop;
pub use timers::Timers;
pub use try_accept::TryAccept;
pub use turn::{Connection, Turn};

use crate::conversation::Conversation;
use crate::error::Error;
use crate::meter::Meter;
use crate::service::{Outcome, Service};
use crate::wiring::Wiring;

/// The most children or workers that a server has, each with a slot of the meter.
pub const MAX_CHILDREN: usize = 4096;
/// How long a peer that was refused may go on sending before its connection closes.
pub const READ_OFF_TIME: Duration = Duration::from_secs(1);

/// How connections come to several workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// All workers accept from one socket.
    Shared,
    /// Each worker has a socket of its own on the same port (SO_REUSEPORT); the kernel deals.
    Reuseport,
    /// One socket, and few of the waiting workers are woken a connection (EPOLLEXCLUSIVE).
    Exclusive,
}

impl Accept {
    /// All of them.
    pub const ALL: [Accept; 3] = [Accept::Shared, Accept::Reuseport, Accept::Exclusive];
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Accept::Shared => "shared",
            Accept::Reuseport => "reuseport",
            Accept::Exclusive => "exclusive",
        })
    }
}

impl FromStr for Accept {
    type Err = String;

    fn from_str(text: &str) -> Result<Accept, String> {
        let named = Accept::ALL
            .into_iter()
            .find(|accept| accept.to_string() == text);
        named.ok_or_else(|| "one of shared, reuseport, exclusive".to_owned())
    }
}

/// How many worker processes a model has and how they accept.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// How many unless asked otherwise; `None` is one a core.
    pub default: Option<NonZeroUsize>,
    /// The modes that it knows; the first is its default.
    pub accept: &'static [Accept],
}

/// What bounds a server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest body of a request or reply.
    pub max_frame_bytes: usize,
    /// Connections at a time, a process (threaded, async) or in all (forking); `None` is the model's own.
    pub max_connections: Option<usize>,
    /// A message must be complete, and a reply make progress, within this time; `None` is for ever.
    pub idle_timeout: Option<Duration>,
    /// A worker whose handler has not returned for so long is replaced; `None` is never.
    #[serde(default)]
    pub busy_timeout: Option<Duration>,
    /// How long a stop waits for what is in flight.
    pub drain: Duration,
}

/// What is asked of a server; the model fills in what is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where to listen; port 0 is any free one.
    pub address: SocketAddr,
    /// Connections that may wait to be accepted, a socket.
    pub backlog: u32,
    /// Worker processes, for the models that have them.
    pub workers: Option<NonZeroUsize>,
    /// How workers accept, for the models that have them.
    pub accept: Option<Accept>,
    /// How replies are written.
    #[serde(default)]
    pub wiring: Wiring,
    /// What bounds it.
    pub limits: Limits,
}

impl Settings {
    /// How many workers there will be and how they accept; `None` for a model that has none,
    /// which passes over what was asked of workers.
    ///
    /// # Errors
    /// When there are too many, or the model does not know the mode.
    pub fn resolve(
        &self,
        workers: Option<Workers>,
    ) -> Result<Option<(NonZeroUsize, Accept)>, Error> {
        let Some(workers) = workers else {
            return Ok(None);
        };
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let count = self.workers.or(workers.default).unwrap_or(cores);
        if count.get() > MAX_CHILDREN {
            return Err(Error::TooManyWorkers {
                asked: count.get(),
                most: MAX_CHILDREN,
            });
        }
        let accept = self.accept.unwrap_or(workers.accept[0]);
        if !workers.accept.contains(&accept) {
            let known = workers
                .accept
                .iter()
                .map(Accept::to_string)
                .collect::<Vec<_>>()
                .join(" or ");
            return Err(Error::AcceptMode {
                asked: accept.to_string(),
                known,
            });
        }
        Ok(Some((count, accept)))
    }
}

/// A server, bound and listening, as a model sees it.
#[derive(Debug)]
pub struct Server<'a> {
    service: ServiceRef<'a>,
    address: SocketAddr,
    workers: Option<(NonZeroUsize, Accept)>,
    limits: Limits,
    wiring: Wiring,
    stop: Stop,
    child_signal: SignalFd,
    meter: Meter,
    blocks_in_accept: AtomicBool,
    /// Whether this process was forked by one that replaces it when it dies.
    is_child: AtomicBool,
    /// The sockets of this process: of a worker its own, after `close_listeners` none.
    listeners: Mutex<Vec<Arc<TcpListener>>>,
}

struct ServiceRef<'a>(&'a dyn Service);

impl fmt::Debug for ServiceRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl<'a> Server<'a> {
    /// Binds and listens; from here on the signals that stop a server are seen by [`Stop`] only.
    ///
    /// # Errors
    /// When the address cannot be had, workers or a mode were asked of a model that has none
    /// or not that one, or the process has several threads (it could not fork).
    pub fn bind(
        settings: &Settings,
        workers: Option<Workers>,
        service: &'a dyn Service,
    ) -> Result<Server<'a>, Error> {
        let doing = |what: &'static str| move |source| Error::Server { what, source };
        if crate::sys::thread_count().map_err(doing("read /proc/self/task"))? != 1 {
            return Err(Error::Threads);
        }
        let workers = settings.resolve(workers)?;
        let sockets = match workers {
            Some((count, Accept::Reuseport)) => Some(count),
            _ => None,
        };
        let stop = Stop::new(settings.limits.drain).map_err(doing("block signals"))?;
        let child_signal = stop::blocked(&[Signal::SIGCHLD]).map_err(doing("block signals"))?;
        let meter = Meter::new(MAX_CHILDREN).map_err(doing("make the shared counters"))?;
        let listeners = listen::bind(settings.address, settings.backlog, settings.wiring, sockets)
            .map_err(|source| Error::Listen {
                address: settings.address,
                source,
            })?;
        let address = listeners[0]
            .local_addr()
            .map_err(doing("read the bound address"))?;
        Ok(Server {
            service: ServiceRef(service),
            address,
            workers,
            limits: settings.limits,
            wiring: settings.wiring,
            stop,
            child_signal,
            meter,
            blocks_in_accept: AtomicBool::new(false),
            is_child: AtomicBool::new(false),
            listeners: Mutex::new(listeners.into_iter().map(Arc::new).collect()),
        })
    }

    /// The address that it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Worker processes and how they accept, as resolved.
    pub fn workers(&self) -> Option<(NonZeroUsize, Accept)> {
        self.workers
    }

    /// What answers the requests.
    pub fn service(&self) -> &'a dyn Service {
        self.service.0
    }

    /// What bounds it.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The protocol's state for a connection that was just accepted.
    pub(super) fn conversation(&self) -> Conversation {
        Conversation::new(self.limits.max_frame_bytes).wired(self.wiring)
    }

    /// Serves the next request of a conversation, so that a supervisor can see if that never ends.
    pub(super) fn call(&self, conversation: &mut Conversation) -> Outcome {
        let calling = self.meter.calling();
        let outcome = conversation.call(self.service());
        drop(calling);
        self.meter.request();
        outcome
    }

    /// Whether and until when it is stopping.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The shared counters.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The listening socket of this process, unless it was closed.
    pub fn listener(&self) -> Option<Arc<TcpListener>> {
        self.listeners().first().cloned()
    }

    /// Closes this process's copies of the listening sockets.
    ///
    /// In a forked child, so that the port is free as soon as the parent lets
    /// it go; when stopping, so that nobody connects to be cut off.
    pub fn close_listeners(&self) {
        self.listeners().clear();
    }

    /// In worker `index`: keeps the one socket that it accepts from.
    fn keep_listener(&self, index: usize) {
        let mut listeners = self.listeners();
        let own = index.min(listeners.len().saturating_sub(1));
        listeners.retain({
            let mut at = 0..;
            move |_| at.next() == Some(own)
        });
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, Vec<Arc<TcpListener>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
