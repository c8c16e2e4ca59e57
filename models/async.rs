//! One process, one readiness loop (epoll), a read and a write buffer per
//! connection. Thousands of connections need one thread and little memory. It
//! breaks when a handler computes for long: all clients wait for it, and only
//! one core is used.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::server::{
    BusyPoll, Connection, Group, Handover, NonblockingAccept, Progress, ServeModel, Server, Timers,
};

const EVENTS: usize = 1024;
const STOP: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);
const LISTENER: Token = Token(usize::MAX - 3);
/// For events of the handlers.
pub(super) const HANDLERS: Token = Token(usize::MAX - 4);

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Async;

impl ServeModel for Async {
    fn name(&self) -> &'static str {
        "async"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["epoll"]
    }

    fn about(&self) -> &'static str {
        "one process, one readiness loop over many connections"
    }

    fn busy_polls(&self) -> bool {
        true
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        EventLoop::new(server, Poll::new()?, InLoop)?.run()
    }
}

/// Where the handlers of requests run.
pub(super) trait Handlers<'s> {
    /// Does the steps of a connection until it must wait or its turn is over.
    fn drive(
        &mut self,
        connection: &mut Connection<'s>,
        poll: &Poll,
        timers: &mut Timers,
    ) -> io::Result<Progress>;

    /// Before the loop sleeps: whether it may.
    fn may_sleep(&self) -> bool {
        true
    }

    /// After the loop has slept: conversations that come back from other threads.
    fn returned(&mut self, _returned: &mut Vec<Handover>) {}
}

/// They run in the loop itself.
struct InLoop;

impl<'s> Handlers<'s> for InLoop {
    fn drive(
        &mut self,
        connection: &mut Connection<'s>,
        poll: &Poll,
        timers: &mut Timers,
    ) -> io::Result<Progress> {
        connection.drive(poll, timers)
    }
}

/// A readiness loop.
pub(super) struct EventLoop<'s, H> {
    server: &'s Server<'s>,
    handlers: H,
    returned: Vec<Handover>,
    poll: Poll,
    acceptor: NonblockingAccept<'s>,
    connections: Slab<Connection<'s>>,
    /// Connections with more to do: epoll reports readiness only once (edge-triggered).
    ready: VecDeque<usize>,
    /// Ends of reply delays.
    reply_timers: Timers,
    busy_poll: BusyPoll,
    next_sweep: Instant,
    stopping: bool,
}

impl<'s, H: Handlers<'s>> EventLoop<'s, H> {
    pub(super) fn new(server: &'s Server<'_>, poll: Poll, handlers: H) -> io::Result<Self> {
        let reply_timers = Timers::new()?;
        poll.registry().register(
            &mut SourceFd(&server.stop().as_fd().as_raw_fd()),
            STOP,
            Interest::READABLE,
        )?;
        poll.registry().register(
            &mut SourceFd(&reply_timers.as_fd().as_raw_fd()),
            TIMER,
            Interest::READABLE,
        )?;
        let acceptor = NonblockingAccept::new(server, &poll, LISTENER)?;
        Ok(EventLoop {
            server,
            handlers,
            returned: Vec::new(),
            poll,
            acceptor,
            connections: Slab::new(),
            ready: VecDeque::new(),
            reply_timers,
            busy_poll: BusyPoll::new(server.limits()),
            next_sweep: Instant::now(),
            stopping: false,
        })
    }

    /// Serves until the stop signal, then drains.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        self.server.meter().serving();
        while !self.is_over() {
            self.poll(&mut events)?;
            self.take_back()?;
            self.serve_ready()?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let drain_is_over = || {
            self.server
                .stop()
                .deadline()
                .is_some_and(|deadline| deadline <= Instant::now())
        };
        self.stopping && (self.connections.is_empty() || drain_is_over())
    }

    /// Waits for events and records them.
    fn poll(&mut self, events: &mut Events) -> io::Result<()> {
        let idle = self.ready.is_empty() && !self.acceptor.is_ready();
        let drain_end = if self.stopping {
            self.server.stop().deadline()
        } else {
            None
        };
        let next = [self.acceptor.paused_until(), drain_end]
            .into_iter()
            .flatten()
            .fold(self.next_sweep, Instant::min);
        let mut timeout = Duration::ZERO;
        if idle {
            timeout = self.busy_poll.sleep_until(next);
        }
        if !timeout.is_zero() && !self.handlers.may_sleep() {
            timeout = Duration::ZERO;
        }
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        if !events.is_empty() {
            self.busy_poll.restart();
        }
        for event in &*events {
            match event.token() {
                STOP => self.stop()?,
                // What has come back is taken after each poll.
                HANDLERS => {}
                LISTENER => self.acceptor.readable(),
                TIMER => {
                    for (key, at) in self.reply_timers.due()? {
                        self.wake(key, at);
                    }
                }
                Token(key) => {
                    if let Some(connection) = self.connections.get_mut(key) {
                        connection.record_event(event);
                        self.queue(key);
                    }
                }
            }
        }
        Ok(())
    }

    /// Conversations that have come back from other threads continue.
    fn take_back(&mut self) -> io::Result<()> {
        let mut returned = std::mem::take(&mut self.returned);
        self.handlers.returned(&mut returned);
        for handover in returned.drain(..) {
            let key = handover.key();
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            if connection.put_back(handover, &mut self.reply_timers)? {
                self.queue(key);
            } else {
                self.close(key, false);
            }
        }
        self.returned = returned;
        Ok(())
    }

    /// One turn for each ready connection, so that none can starve.
    fn serve_ready(&mut self) -> io::Result<()> {
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else {
                break;
            };
            self.drive(key);
        }
        if !self.stopping {
            self.acceptor.resume(&self.poll)?;
            while let Some(stream) = self.acceptor.accept(&self.poll, self.connections.len())? {
                // If registering fails, the connection is closed and nothing else happens.
                let _ = self.add_connection(stream);
            }
        }
        if self.next_sweep <= Instant::now() {
            self.sweep();
        }
        Ok(())
    }

    fn add_connection(&mut self, stream: std::net::TcpStream) -> io::Result<()> {
        let entry = self.connections.vacant_entry();
        let connection = Connection::new(self.server, &self.poll, Token(entry.key()), stream)?;
        entry.insert(connection);
        Ok(())
    }

    fn drive(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let handlers = &mut self.handlers;
        let drive = || handlers.drive(connection, &self.poll, &mut self.reply_timers);
        // A panic of a handler closes only its own connection.
        match catch_unwind(AssertUnwindSafe(drive)) {
            Ok(Ok(Progress::Waits | Progress::Calls)) => {}
            Ok(Ok(Progress::Again)) => self.queue(key),
            Ok(Ok(Progress::Closes { faulty })) => self.close(key, faulty),
            Ok(Err(_)) => self.close(key, true),
            Err(_) => {
                self.server.meter().panic();
                self.close(key, false);
            }
        }
    }

    fn queue(&mut self, key: usize) {
        if self
            .connections
            .get_mut(key)
            .is_some_and(Connection::may_queue)
        {
            self.ready.push_back(key);
        }
    }

    fn wake(&mut self, key: usize, at: Instant) {
        if self
            .connections
            .get_mut(key)
            .is_some_and(|connection| connection.wake(at))
        {
            self.queue(key);
        }
    }

    fn close(&mut self, key: usize, faulty: bool) {
        drop(self.connections.remove(key));
        self.acceptor.connection_closed();
        if faulty {
            self.server.meter().fault();
        }
    }

    /// Closes timed-out connections. A periodic sweep costs less than a timer per connection.
    fn sweep(&mut self) {
        const MAX_INTERVAL: Duration = Duration::from_secs(1);
        let now = Instant::now();
        let idle = self.server.limits().idle_timeout.unwrap_or(MAX_INTERVAL);
        self.next_sweep = now + (idle / 10).clamp(Duration::from_millis(10), MAX_INTERVAL);
        let connections = self.connections.iter_mut();
        let timed_out =
            connections.filter_map(|(key, connection)| Some((key, connection.timed_out(now)?)));
        for (key, faulty) in timed_out.collect::<Vec<_>>() {
            self.close(key, faulty);
        }
    }

    /// Starts the drain: nothing more is accepted or read; complete requests are served.
    fn stop(&mut self) -> io::Result<()> {
        if self.server.stop().requested() && !self.stopping {
            self.stopping = true;
            self.acceptor.close(&self.poll)?;
            self.next_sweep = Instant::now();
            let keys: Vec<usize> = self.connections.iter().map(|(key, _)| key).collect();
            for key in keys {
                self.connections[key].stop();
                self.queue(key);
            }
        }
        Ok(())
    }
}
