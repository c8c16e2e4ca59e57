//! Accepting in a readiness loop, without blocking or spinning.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};
use nix::sys::resource::{Resource, getrlimit};

use super::accept::{ACCEPT_PAUSE, may_accept_again};
use super::bound::Server;
use super::settings::Accept;

/// Connections accepted per turn of the loop.
const BATCH: usize = 64;
/// Descriptors not used for connections.
const RESERVE: u64 = 16;

/// The limit of connections: as many as descriptors allow, if none is set.
pub(super) fn max_connections(server: &Server<'_>) -> io::Result<usize> {
    let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let available = usize::try_from(descriptors.saturating_sub(RESERVE)).unwrap_or(usize::MAX);
    let max = server.limits().max_connections.unwrap_or(available);
    Ok(max.max(1))
}

/// The listener of a readiness loop. The model [`async`](crate::models::async) is the example.
#[derive(Debug)]
pub struct NonblockingAccept<'s> {
    server: &'s Server<'s>,
    token: Token,
    listener: Option<Arc<TcpListener>>,
    max_connections: usize,
    ready: bool,
    left_in_batch: usize,
    /// While accepting is paused the listener is not registered, so that it causes no wakeups.
    paused_until: Option<Instant>,
}

impl<'s> NonblockingAccept<'s> {
    /// Registers the server's listener under `token`.
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
    pub fn new(
        server: &'s Server<'_>,
        poll: &Poll,
        token: Token,
    ) -> io::Result<NonblockingAccept<'s>> {
        let acceptor = NonblockingAccept {
            server,
            token,
            listener: server.listener(),
            max_connections: max_connections(server)?,
            ready: false,
            left_in_batch: BATCH,
            paused_until: None,
        };
        acceptor.register(poll)?;
        Ok(acceptor)
    }

    /// The listener was reported readable.
    pub fn readable(&mut self) {
        // An event may still arrive after a close.
        self.ready = self.listener.is_some();
    }

    /// Whether there may be a connection to accept now.
    pub fn is_ready(&self) -> bool {
        self.ready && self.paused_until.is_none()
    }

    /// The next connection of this turn, if there is one.
    ///
    /// When `open` connections reach the limit, or descriptors run out, accepting
    /// pauses until [`NonblockingAccept::resume`].
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
    pub fn accept(&mut self, poll: &Poll, open: usize) -> io::Result<Option<TcpStream>> {
        let Some(listener) = self.listener.clone() else {
            return Ok(None);
        };
        while self.is_ready() {
            if self.left_in_batch == 0 {
                self.left_in_batch = BATCH;
                return Ok(None);
            }
            if open >= self.max_connections {
                self.pause(poll)?;
                return Ok(None);
            }
            self.left_in_batch -= 1;
            match crate::sys::sockets::accept(&listener) {
                Ok(stream) => return Ok(Some(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready = false,
                Err(error) if may_accept_again(&error) => {}
                Err(_) => self.pause(poll)?,
            }
        }
        self.left_in_batch = BATCH;
        Ok(None)
    }

    /// The end of the pause, if accepting is paused.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Reports that a connection has closed, which ends the pause.
    pub fn connection_closed(&mut self) {
        self.paused_until = self.paused_until.map(|_| Instant::now());
    }

    /// Resumes accepting if the pause is over.
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
    pub fn resume(&mut self, poll: &Poll) -> io::Result<()> {
        if self
            .paused_until
            .is_some_and(|until| until <= Instant::now())
        {
            self.paused_until = None;
            // Connections that arrived during the pause are reported at once.
            self.register(poll)?;
        }
        Ok(())
    }

    /// Stops accepting.
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
    pub fn close(&mut self, poll: &Poll) -> io::Result<()> {
        if self.paused_until.is_none() {
            self.deregister(poll)?;
        }
        self.listener = None;
        self.ready = false;
        self.paused_until = None;
        self.server.close_listeners();
        Ok(())
    }

    fn pause(&mut self, poll: &Poll) -> io::Result<()> {
        self.paused_until = Some(Instant::now() + ACCEPT_PAUSE);
        self.ready = false;
        self.deregister(poll)
    }

    fn register(&self, poll: &Poll) -> io::Result<()> {
        let Some(listener) = &self.listener else {
            return Ok(());
        };
        match self.server.workers() {
            Some((_, Accept::Exclusive)) => crate::sys::sockets::add_exclusive(
                poll.as_raw_fd(),
                &listener.as_fd(),
                self.token.0,
            ),
            _ => poll.registry().register(
                &mut SourceFd(&listener.as_raw_fd()),
                self.token,
                Interest::READABLE,
            ),
        }
    }

    fn deregister(&self, poll: &Poll) -> io::Result<()> {
        match &self.listener {
            Some(listener) => poll
                .registry()
                .deregister(&mut SourceFd(&listener.as_raw_fd())),
            None => Ok(()),
        }
    }
}
