//! The server that all models use: socket, service, limits, stop signal, meter.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use nix::sys::epoll::Epoll;
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use super::bind;
use super::settings::{Accept, Limits, MAX_CHILDREN, Settings, Workers};
use super::shutdown::Stop;
use crate::error::Error;
use crate::process::counters::Meter;
use crate::protocol::{Conversation, Outcome, Service, WriteMode};
use crate::sys::signals;

/// How long input is read and discarded after a refusal, before the connection is closed.
pub const READ_OFF_TIME: Duration = Duration::from_secs(1);

/// A bound and listening server, as passed to a model.
///
/// ```
/// use std::io;
///
/// use rpcbench::{Event, Server};
///
/// /// Serves one connection at a time, and stops between two of them.
/// fn serve(server: &Server<'_>) -> io::Result<()> {
///     while let Event::Connection(stream) = server.accept()? {
///         server.converse(&stream);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Server<'a> {
    service: ServiceRef<'a>,
    address: SocketAddr,
    workers: Option<(NonZeroUsize, Accept)>,
    limits: Limits,
    write_mode: WriteMode,
    stop: Arc<Stop>,
    pub(crate) child_signal: Arc<SignalFd>,
    meter: Meter,
    /// In a worker that waits alone for its connections, see [`Server::block_in_accept`].
    pub(super) woken_alone: OnceLock<Epoll>,
    /// Whether accepted sockets have the listener's read timeout; set by the first of them.
    pub(super) inherits_read_timeout: OnceLock<bool>,
    /// Whether this process is a forked child of the server.
    pub(crate) is_child: AtomicBool,
    /// The sockets of this process: a worker keeps one, `close_listeners` removes all.
    listeners: Mutex<Vec<Arc<TcpListener>>>,
}

struct ServiceRef<'a>(&'a dyn Service);

impl fmt::Debug for ServiceRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl<'a> Server<'a> {
    /// Binds and listens. From then on only [`Stop`] receives SIGTERM and SIGINT.
    ///
    /// # Errors
    /// When the address cannot be bound, the model does not support the workers
    /// or the accept mode, or the process has several threads (it could not fork).
    pub(crate) fn bind(
        settings: &Settings,
        workers: Option<Workers>,
        service: &'a dyn Service,
    ) -> Result<Server<'a>, Error> {
        let context = |what: &'static str| move |source| Error::Server { what, source };
        if crate::sys::fork::thread_count().map_err(context("read /proc/self/task"))? != 1 {
            return Err(Error::Threads);
        }
        let workers = settings.resolve(workers)?;
        let sockets = match workers {
            Some((count, Accept::Reuseport)) => Some(count),
            _ => None,
        };
        let stop = Stop::new(settings.limits.drain).map_err(context("block signals"))?;
        let child_signal = signals::block(&[Signal::SIGCHLD]).map_err(context("block signals"))?;
        let meter = Meter::new(MAX_CHILDREN).map_err(context("make the shared counters"))?;
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
            .map_err(context("read the bound address"))?;
        Ok(Server {
            service: ServiceRef(service),
            address,
            workers,
            limits: settings.limits,
            write_mode: settings.write_mode,
            stop: Arc::new(stop),
            child_signal: Arc::new(child_signal),
            meter,
            woken_alone: OnceLock::new(),
            inherits_read_timeout: OnceLock::new(),
            is_child: AtomicBool::new(false),
            listeners: Mutex::new(listeners.into_iter().map(Arc::new).collect()),
        })
    }

    /// The address that it listens on, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of workers, processes or threads, and their accept mode.
    pub fn workers(&self) -> Option<(NonZeroUsize, Accept)> {
        self.workers
    }

    /// The handler of the requests.
    pub fn service(&self) -> &'a dyn Service {
        self.service.0
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The protocol state of a new connection.
    pub fn conversation(&self) -> Conversation {
        Conversation::new(self.limits.max_frame_bytes).with_write_mode(self.write_mode)
    }

    /// Serves the next request of a conversation. The meter marks the call, so that a supervisor can detect a stuck handler.
    pub fn call(&self, conversation: &mut Conversation) -> Outcome {
        let calling = self.meter.calling();
        let outcome = conversation.call(self.service());
        drop(calling);
        self.meter.request();
        outcome
    }

    /// The stop signal and the deadline of the drain.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The shared counters.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The listening socket of this process; `None` after it was closed.
    pub fn listener(&self) -> Option<Arc<TcpListener>> {
        self.listeners().first().cloned()
    }

    /// Closes this process's copies of the listening sockets.
    ///
    /// In a forked child, so that the port is free as soon as the parent closes
    /// it. In a drain, so that no client connects and is then cut off.
    pub fn close_listeners(&self) {
        self.listeners().clear();
    }

    /// This server as thread `index` of the process uses it: it counts in its own slot of the
    /// meter, and has its own listening socket, or shares the only one.
    ///
    /// Threads that count in one slot slow each other down, since a core must fetch the slot's
    /// cache line from the core that has changed it.
    pub fn in_thread(&self, index: usize) -> Server<'a> {
        let thread = Server {
            service: ServiceRef(self.service.0),
            address: self.address,
            workers: self.workers,
            limits: self.limits,
            write_mode: self.write_mode,
            stop: Arc::clone(&self.stop),
            child_signal: Arc::clone(&self.child_signal),
            meter: self.meter.in_slot(index),
            woken_alone: OnceLock::new(),
            inherits_read_timeout: OnceLock::new(),
            is_child: AtomicBool::new(self.is_child.load(Relaxed)),
            listeners: Mutex::new(self.listeners().clone()),
        };
        thread.keep_listener(index);
        thread
    }

    /// In worker `index`: closes all listening sockets except its own.
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
