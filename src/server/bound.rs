//! The toolkit that all models share: the socket, the service, the limits, the
//! stop signal, the meter, and the few verbs that a model is written with.
//!
//! - [`Server::accept`] waits for the next connection;
//! - [`Server::converse`] serves one connection, blocking, to its end;
//! - [`Connection::turn`] serves one connection as far as it goes without waiting;
//! - [`Server::children`] forks, counts and reaps processes;
//! - [`Server::supervise`] keeps worker processes alive.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use super::bind;
use super::settings::{Accept, Limits, MAX_CHILDREN, Settings, Workers};
use super::shutdown::Stop;
use crate::error::Error;
use crate::process::counters::Meter;
use crate::protocol::{Conversation, Outcome, Service, WriteMode};
use crate::sys::signals;

/// How long a peer that was refused may go on sending before its connection closes.
pub const READ_OFF_TIME: Duration = Duration::from_secs(1);

/// A server, bound and listening, as a model sees it.
#[derive(Debug)]
pub struct Server<'a> {
    service: ServiceRef<'a>,
    address: SocketAddr,
    workers: Option<(NonZeroUsize, Accept)>,
    limits: Limits,
    write_mode: WriteMode,
    stop: Stop,
    pub(crate) child_signal: SignalFd,
    meter: Meter,
    pub(crate) blocks_in_accept: AtomicBool,
    /// Whether this process was forked by one that replaces it when it dies.
    pub(crate) is_child: AtomicBool,
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
        if crate::sys::fork::thread_count().map_err(doing("read /proc/self/task"))? != 1 {
            return Err(Error::Threads);
        }
        let workers = settings.resolve(workers)?;
        let sockets = match workers {
            Some((count, Accept::Reuseport)) => Some(count),
            _ => None,
        };
        let stop = Stop::new(settings.limits.drain).map_err(doing("block signals"))?;
        let child_signal = signals::block(&[Signal::SIGCHLD]).map_err(doing("block signals"))?;
        let meter = Meter::new(MAX_CHILDREN).map_err(doing("make the shared counters"))?;
        let listeners = bind::bind(
            settings.address,
            settings.backlog,
            settings.write_mode,
            sockets,
        )
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
            write_mode: settings.write_mode,
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
    pub fn conversation(&self) -> Conversation {
        Conversation::new(self.limits.max_frame_bytes).with_write_mode(self.write_mode)
    }

    /// Serves the next request of a conversation, so that a supervisor can see if that never ends.
    pub fn call(&self, conversation: &mut Conversation) -> Outcome {
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
    pub(crate) fn keep_listener(&self, index: usize) {
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
