//! One process, one readiness loop (epoll), a read and a write buffer a
//! connection. Thousands of connections cost one thread and little memory. It
//! breaks when a handler computes for long: everybody waits for it, and only
//! one core is used.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::server::{Connection, NonblockingAccept, Progress, ServeModel, Server, Timers};

const EVENTS: usize = 1024;
const STOP: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);
const LISTENER: Token = Token(usize::MAX - 3);

/// See [the text of its module](self).
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

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut event_loop = EventLoop::new(server)?;
        server.meter().serving();
        while !event_loop.is_over() {
            event_loop.poll(&mut events)?;
            event_loop.serve_ready()?;
        }
        Ok(())
    }
}

struct EventLoop<'s> {
    server: &'s Server<'s>,
    poll: Poll,
    acceptor: NonblockingAccept<'s>,
    connections: Slab<Connection<'s>>,
    /// Connections that have more to do: readiness is told only once (edge-triggered).
    ready: VecDeque<usize>,
    /// Replies that are held back.
    sleepers: Timers,
    next_sweep: Instant,
    stopping: bool,
}

impl<'s> EventLoop<'s> {
    fn new(server: &'s Server<'_>) -> io::Result<EventLoop<'s>> {
        let poll = Poll::new()?;
        let sleepers = Timers::new()?;
        poll.registry().register(
            &mut SourceFd(&server.stop().as_fd().as_raw_fd()),
            STOP,
            Interest::READABLE,
        )?;
        poll.registry().register(
            &mut SourceFd(&sleepers.as_fd().as_raw_fd()),
            TIMER,
            Interest::READABLE,
        )?;
        let acceptor = NonblockingAccept::new(server, &poll, LISTENER)?;
        Ok(EventLoop {
            server,
            poll,
            acceptor,
            connections: Slab::new(),
            ready: VecDeque::new(),
            sleepers,
            next_sweep: Instant::now(),
            stopping: false,
        })
    }

    fn is_over(&self) -> bool {
        let cut = || {
            self.server
                .stop()
                .deadline()
                .is_some_and(|deadline| deadline <= Instant::now())
        };
        self.stopping && (self.connections.is_empty() || cut())
    }

    /// Waits until there is something to do and notes what.
    fn poll(&mut self, events: &mut Events) -> io::Result<()> {
        let idle = self.ready.is_empty() && !self.acceptor.is_ready();
        let next = self
            .acceptor
            .rests_until()
            .map_or(self.next_sweep, |until| until.min(self.next_sweep));
        let timeout = if idle {
            next.saturating_duration_since(Instant::now())
        } else {
            Duration::ZERO
        };
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &*events {
            match event.token() {
                STOP => self.stop()?,
                LISTENER => self.acceptor.readable(),
                TIMER => {
                    for (key, at) in self.sleepers.due()? {
                        self.wake(key, at);
                    }
                }
                Token(key) => {
                    if let Some(connection) = self.connections.get_mut(key) {
                        connection.note(event);
                        self.queue(key);
                    }
                }
            }
        }
        Ok(())
    }

    /// One turn for each that is ready: nobody can starve the others.
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
                // Where registering fails the connection is closed, and that is all.
                let _ = self.welcome(stream);
            }
        }
        if self.next_sweep <= Instant::now() {
            self.sweep();
        }
        Ok(())
    }

    fn welcome(&mut self, stream: std::net::TcpStream) -> io::Result<()> {
        let entry = self.connections.vacant_entry();
        let connection = Connection::new(self.server, &self.poll, Token(entry.key()), stream)?;
        entry.insert(connection);
        Ok(())
    }

    fn drive(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let drive = || connection.drive(&self.poll, &mut self.sleepers);
        // A panicking handler costs its own connection only.
        match catch_unwind(AssertUnwindSafe(drive)) {
            Ok(Ok(Progress::Waits)) => {}
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
        self.acceptor.freed();
        if faulty {
            self.server.meter().fault();
        }
    }

    /// Closes those whose time is up: looked for now and then, not by a timer each.
    fn sweep(&mut self) {
        const SELDOM: Duration = Duration::from_secs(1);
        let now = Instant::now();
        let idle = self.server.limits().idle_timeout.unwrap_or(SELDOM);
        self.next_sweep = now + (idle / 10).clamp(Duration::from_millis(10), SELDOM);
        let late = self.connections.iter_mut();
        let late = late.filter_map(|(key, connection)| Some((key, connection.give_up(now)?)));
        for (key, faulty) in late.collect::<Vec<_>>() {
            self.close(key, faulty);
        }
    }

    /// No more is accepted or read; what was read is answered.
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
