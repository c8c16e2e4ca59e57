//! Accepting inside a readiness loop: never blocks, never spins.

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

/// Connections accepted before those that stand have their turn again.
const BATCH: usize = 64;
/// Descriptors kept free of connections.
const RESERVE: u64 = 16;

/// The listener of a readiness loop.
#[derive(Debug)]
pub struct NonblockingAccept<'s> {
    server: &'s Server<'s>,
    token: Token,
    listener: Option<Arc<TcpListener>>,
    most_connections: usize,
    ready: bool,
    left_in_batch: usize,
    /// While it rests it is not registered, so that nobody is woken for what cannot be accepted.
    rests_until: Option<Instant>,
}

impl<'s> NonblockingAccept<'s> {
    /// Registers the server's listener under `token`.
    ///
    /// # Errors
    /// What epoll_ctl(2) says.
    pub fn new(
        server: &'s Server<'_>,
        poll: &Poll,
        token: Token,
    ) -> io::Result<NonblockingAccept<'s>> {
        let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let fit = usize::try_from(descriptors.saturating_sub(RESERVE))
            .unwrap_or(usize::MAX)
            .max(1);
        let acceptor = NonblockingAccept {
            server,
            token,
            listener: server.listener(),
            most_connections: server.limits().max_connections.unwrap_or(fit).max(1),
            ready: false,
            left_in_batch: BATCH,
            rests_until: None,
        };
        acceptor.register(poll)?;
        Ok(acceptor)
    }

    /// The listener was reported readable.
    pub fn readable(&mut self) {
        // After a close there may still be an event on its way.
        self.ready = self.listener.is_some();
    }

    /// Whether there may be a connection to accept now.
    pub fn is_ready(&self) -> bool {
        self.ready && self.rests_until.is_none()
    }

    /// The next connection of this turn, if there is one.
    ///
    /// With `open` connections at the bound, or without descriptors, it rests
    /// until [`NonblockingAccept::resume`].
    ///
    /// # Errors
    /// What epoll_ctl(2) says.
    pub fn accept(&mut self, poll: &Poll, open: usize) -> io::Result<Option<TcpStream>> {
        let Some(listener) = self.listener.clone() else {
            return Ok(None);
        };
        while self.is_ready() {
            if self.left_in_batch == 0 {
                self.left_in_batch = BATCH;
                return Ok(None);
            }
            if open >= self.most_connections {
                self.rest(poll)?;
                return Ok(None);
            }
            self.left_in_batch -= 1;
            match crate::sys::sockets::accept(&listener) {
                Ok(stream) => return Ok(Some(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready = false,
                Err(error) if may_accept_again(&error) => {}
                Err(_) => self.rest(poll)?,
            }
        }
        self.left_in_batch = BATCH;
        Ok(None)
    }

    /// Until when it rests, if it does.
    pub fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// A connection has closed: there is no need to rest longer.
    pub fn freed(&mut self) {
        self.rests_until = self.rests_until.map(|_| Instant::now());
    }

    /// Goes on accepting if the rest is over.
    ///
    /// # Errors
    /// What epoll_ctl(2) says.
    pub fn resume(&mut self, poll: &Poll) -> io::Result<()> {
        if self
            .rests_until
            .is_some_and(|until| until <= Instant::now())
        {
            self.rests_until = None;
            // What waited meanwhile is reported at once.
            self.register(poll)?;
        }
        Ok(())
    }

    /// Accepts no more.
    ///
    /// # Errors
    /// What epoll_ctl(2) says.
    pub fn close(&mut self, poll: &Poll) -> io::Result<()> {
        if self.rests_until.is_none() {
            self.deregister(poll)?;
        }
        self.listener = None;
        self.ready = false;
        self.rests_until = None;
        self.server.close_listeners();
        Ok(())
    }

    fn rest(&mut self, poll: &Poll) -> io::Result<()> {
        self.rests_until = Some(Instant::now() + ACCEPT_PAUSE);
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
