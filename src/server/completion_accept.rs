//! Accepting in a completion-based loop: the kernel accepts by itself, so it may accept a few more
//! connections than are served.

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use super::accept::{ACCEPT_PAUSE, may_accept_again};
use super::bound::Server;
use super::nonblocking_accept::max_connections;
use crate::sys::uring::Ring;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepting {
    Off,
    On,
    /// It was cancelled, and its last result is not known yet.
    Cancelled,
}

/// The listener of a completion-based loop. The model [`uring`](crate::models::uring) is the
/// example.
#[derive(Debug)]
pub struct CompletionAccept<'s> {
    server: &'s Server<'s>,
    listener: Option<Arc<TcpListener>>,
    max_connections: usize,
    accepting: Accepting,
    /// Connections over the limit that the kernel had accepted before it was told to stop. They
    /// wait as they would have in the backlog.
    waiting: VecDeque<TcpStream>,
    paused_until: Option<Instant>,
}

impl<'s> CompletionAccept<'s> {
    /// The server's listener, which becomes a blocking one: io_uring would not wait otherwise.
    ///
    /// # Errors
    /// When the socket is unusable.
    pub fn new(server: &'s Server<'_>) -> io::Result<CompletionAccept<'s>> {
        let listener = server.listener();
        if let Some(listener) = &listener {
            listener.set_nonblocking(false)?;
        }
        Ok(CompletionAccept {
            server,
            listener,
            max_connections: max_connections(server)?,
            accepting: Accepting::Off,
            waiting: VecDeque::new(),
            paused_until: None,
        })
    }

    /// A result of the accept. `more`: it continues.
    pub fn accepted(&mut self, result: io::Result<TcpStream>, more: bool) {
        if !more {
            self.accepting = Accepting::Off;
        }
        match result {
            // In the drain it is closed, like those in the backlog.
            Ok(stream) if self.listener.is_some() => self.waiting.push_back(stream),
            Ok(_) => {}
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {}
            Err(error) if may_accept_again(&error) => {}
            Err(_) => self.paused_until = Some(Instant::now() + ACCEPT_PAUSE),
        }
    }

    /// The next connection to serve, if there is one, where `open` are served already.
    ///
    /// At the limit accepting ends until one closes. When descriptors have run out it pauses for
    /// 100 ms, or until one closes.
    pub fn accept(&mut self, ring: &mut Ring, open: usize) -> Option<TcpStream> {
        let listener = self.listener.as_ref()?;
        let is_full = open >= self.max_connections;
        if !is_full && let Some(stream) = self.waiting.pop_front() {
            return Some(stream);
        }
        if is_full && self.accepting == Accepting::On {
            ring.cancel_accept();
            self.accepting = Accepting::Cancelled;
        }
        if self
            .paused_until
            .is_some_and(|until| until <= Instant::now())
        {
            self.paused_until = None;
        }
        if !is_full && self.paused_until.is_none() && self.accepting == Accepting::Off {
            ring.accept(listener);
            self.accepting = Accepting::On;
        }
        None
    }

    /// The end of the pause, if accepting is paused.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Reports that a connection has closed, which ends the pause.
    pub fn connection_closed(&mut self) {
        self.paused_until = self.paused_until.map(|_| Instant::now());
    }

    /// Stops accepting. The port is free when the cancellation has been submitted.
    pub fn close(&mut self, ring: &mut Ring) {
        if self.accepting == Accepting::On {
            ring.cancel_accept();
        }
        self.listener = None;
        self.waiting.clear();
        self.paused_until = None;
        self.server.close_listeners();
    }
}
