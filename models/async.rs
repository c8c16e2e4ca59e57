//! One process, one readiness loop (epoll), a read and a write buffer a
//! connection. Thousands of connections cost one thread and little memory. It
//! breaks when a handler computes for long: everybody waits for it, and only
//! one core is used.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::conversation::{Conversation, Step};
use crate::meter::Active;
use crate::model::ServeModel;
use crate::server::{READ_OFF_TIME, Server, Timers, TryAccept, close_with_reset};
use crate::service::Outcome;

/// Steps of one connection before the others have their turn.
const TURN_STEPS: usize = 64;
const EVENTS: usize = 1024;
const STOP: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);
const LISTENER: Token = Token(usize::MAX - 3);

/// See the module's text.
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
            event_loop.turn()?;
        }
        Ok(())
    }
}

struct EventLoop<'s> {
    server: &'s Server<'s>,
    poll: Poll,
    acceptor: TryAccept<'s>,
    connections: Slab<Connection<'s>>,
    /// Connections that have more to do: readiness is told only once (edge-triggered).
    ready: VecDeque<usize>,
    /// Replies that are held back.
    sleepers: Timers,
    next_sweep: Instant,
    stopping: bool,
}

struct Connection<'s> {
    stream: TcpStream,
    conversation: Conversation,
    readable: bool,
    /// The peer has shut its side, so a read goes on until it sees that.
    half_closed: bool,
    wants_to_write: bool,
    queued: bool,
    asleep: bool,
    /// Progress must be made by then.
    deadline: Option<Instant>,
    _active: Active<'s>,
}

/// How a connection's turn ended.
enum Turn {
    /// It waits for readiness or for a timer.
    Waits,
    /// It has more to do.
    Again,
    Closes,
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
        let acceptor = TryAccept::new(server, &poll, LISTENER)?;
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
                    for key in self.sleepers.due()? {
                        self.wake(key);
                    }
                }
                Token(key) => {
                    if let Some(connection) = self.connections.get_mut(key) {
                        connection.readable |= event.is_readable() || event.is_error();
                        connection.half_closed |= event.is_read_closed();
                        self.queue(key);
                    }
                }
            }
        }
        Ok(())
    }

    /// One turn for each that is ready: nobody can starve the others.
    fn turn(&mut self) -> io::Result<()> {
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else {
                break;
            };
            self.take_turn(key);
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
        let mut stream = TcpStream::from_std(stream);
        let entry = self.connections.vacant_entry();
        self.poll
            .registry()
            .register(&mut stream, Token(entry.key()), Interest::READABLE)?;
        entry.insert(Connection {
            stream,
            conversation: Conversation::new(self.server.limits().max_frame_bytes),
            readable: false,
            half_closed: false,
            wants_to_write: false,
            queued: false,
            asleep: false,
            deadline: self
                .server
                .limits()
                .idle_timeout
                .map(|time| Instant::now() + time),
            _active: self.server.meter().connection(),
        });
        Ok(())
    }

    fn take_turn(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.queued = false;
        let turn = || connection.turn(key, self.server, &mut self.sleepers, &self.poll);
        // A panicking handler costs its own connection only.
        match catch_unwind(AssertUnwindSafe(turn)) {
            Ok(Ok(Turn::Waits)) => {}
            Ok(Ok(Turn::Again)) => self.queue(key),
            Ok(Ok(Turn::Closes)) => {
                let faulty = connection.conversation.faulty();
                self.close(key, faulty);
            }
            Ok(Err(_)) | Err(_) => self.close(key, true),
        }
    }

    fn queue(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !connection.queued && !connection.asleep {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    fn wake(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.asleep = false;
            connection.conversation.resume();
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
        let late =
            |c: &Connection<'_>| !c.asleep && c.deadline.is_some_and(|deadline| deadline <= now);
        let late: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, c)| late(c))
            .map(|(key, _)| key)
            .collect();
        for key in late {
            let connection = &self.connections[key];
            let stuck = !connection.conversation.unwritten().is_empty();
            if stuck {
                close_with_reset(&connection.stream);
            }
            let faulty = stuck || !connection.conversation.between_messages();
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
                self.connections[key].conversation.stop();
                self.queue(key);
            }
        }
        Ok(())
    }
}

impl Connection<'_> {
    /// Does what the conversation asks for until it must wait or others are to be served.
    fn turn(
        &mut self,
        key: usize,
        server: &Server<'_>,
        sleepers: &mut Timers,
        poll: &Poll,
    ) -> io::Result<Turn> {
        let patience = |time: Option<Duration>| time.map(|time| Instant::now() + time);
        let idle = server.limits().idle_timeout;
        for _ in 0..TURN_STEPS {
            match self.conversation.step() {
                Step::Call => {
                    let outcome = self.conversation.call(server.service());
                    server.meter().request();
                    if let Outcome::Wait(time) = outcome {
                        sleepers.add(Instant::now() + time, key)?;
                    }
                    self.deadline = patience(idle);
                }
                Step::Write => match self.stream.write(self.conversation.unwritten()) {
                    Ok(bytes) => {
                        self.conversation.wrote(bytes);
                        self.deadline = patience(idle);
                    }
                    Err(error) if would_block(&error) => {
                        self.listen_for(poll, key, true)?;
                        return Ok(Turn::Waits);
                    }
                    Err(error) => return Err(error),
                },
                Step::Read if !self.readable => {
                    self.listen_for(poll, key, false)?;
                    return Ok(Turn::Waits);
                }
                Step::Read => self.read()?,
                Step::Wait => {
                    self.asleep = true;
                    self.deadline = patience(idle);
                    return Ok(Turn::Waits);
                }
                Step::Shut => {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.conversation.shut();
                    self.deadline =
                        patience(Some(idle.unwrap_or(READ_OFF_TIME).min(READ_OFF_TIME)));
                }
                Step::Close => return Ok(Turn::Closes),
            }
        }
        Ok(Turn::Again)
    }

    fn read(&mut self) -> io::Result<()> {
        let space = self.conversation.space();
        let room = space.len();
        match self.stream.read(space) {
            Ok(0) => self.conversation.ended(),
            Ok(bytes) => {
                self.conversation.received(bytes);
                // A short read has emptied the socket, and what comes later is told anew (epoll(7), Q9).
                self.readable = bytes == room || self.half_closed;
            }
            Err(error) if would_block(&error) => self.readable = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Asks to be told of room to write only while there is something to write.
    fn listen_for(&mut self, poll: &Poll, key: usize, to_write: bool) -> io::Result<()> {
        if self.wants_to_write == to_write {
            return Ok(());
        }
        self.wants_to_write = to_write;
        let interest = if to_write {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        poll.registry()
            .reregister(&mut self.stream, Token(key), interest)
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
