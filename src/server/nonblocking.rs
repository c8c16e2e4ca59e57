//! The non-blocking driver of a conversation: what readiness loops serve with.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Poll, Token};

use super::bound::{READ_OFF_TIME, Server};
use super::stream::{close_with_reset, would_block};
use super::timers::Timers;
use crate::process::counters::Active;
use crate::protocol::{Conversation, Outcome, Step};

/// Steps of one connection before the others have their turn …
const DRIVE_STEPS: usize = 64;
/// … and the time after which no further step is begun.
const DRIVE_TIME: Duration = Duration::from_millis(1);

/// How a connection's turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It waits for readiness or for a timer.
    Waits,
    /// It has more to do, after the others.
    Again,
    /// It is over; faulty if it broke the protocol.
    Closes {
        /// Whether it is to be counted as a fault.
        faulty: bool,
    },
}

/// One connection of a readiness loop.
#[derive(Debug)]
pub struct Connection<'s> {
    server: &'s Server<'s>,
    token: Token,
    stream: TcpStream,
    conversation: Conversation,
    readable: bool,
    /// The peer has shut its side, so reading goes on until it sees that.
    half_closed: bool,
    wants_to_write: bool,
    queued: bool,
    asleep: bool,
    /// Until when its reply is held back.
    wakes_at: Option<Instant>,
    /// Progress must be made by then.
    deadline: Option<Instant>,
    _active: Active<'s>,
}

impl<'s> Connection<'s> {
    /// Registers an accepted connection under `token`.
    ///
    /// # Errors
    /// What epoll_ctl(2) says.
    pub fn new(
        server: &'s Server<'_>,
        poll: &Poll,
        token: Token,
        stream: std::net::TcpStream,
    ) -> io::Result<Connection<'s>> {
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, token, Interest::READABLE)?;
        Ok(Connection {
            server,
            token,
            stream,
            conversation: server.conversation(),
            readable: false,
            half_closed: false,
            wants_to_write: false,
            queued: false,
            asleep: false,
            wakes_at: None,
            deadline: from_now(server.limits().idle_timeout),
            _active: server.meter().connection(),
        })
    }

    /// Takes note of what the poll has told, which it tells only once (edge-triggered).
    pub fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_error();
        self.half_closed |= event.is_read_closed();
    }

    /// Whether it is to be queued for a turn now: not twice, and not while it sleeps.
    pub fn may_queue(&mut self) -> bool {
        !self.asleep && !std::mem::replace(&mut self.queued, true)
    }

    /// It is `at`: true if its reply was held back until then, and now may go out.
    ///
    /// A timer of an earlier connection under this token is none of its own.
    pub fn wake(&mut self, at: Instant) -> bool {
        let own = self.wakes_at == Some(at);
        if own {
            self.wakes_at = None;
            self.asleep = false;
            self.conversation.resume();
            self.deadline = from_now(self.server.limits().idle_timeout);
        }
        own
    }

    /// The server stops: nothing more is read.
    pub fn stop(&mut self) {
        self.conversation.stop();
    }

    /// If it made no progress in time: whether that is a fault, as between messages it is not.
    ///
    /// One that does not read its replies will be closed with a reset.
    pub fn give_up(&mut self, now: Instant) -> Option<bool> {
        let late = self.deadline.is_some_and(|deadline| deadline <= now);
        if self.asleep || !late {
            return None;
        }
        let stuck = !self.conversation.unwritten().is_empty();
        if stuck {
            close_with_reset(&self.stream);
        }
        Some(stuck || self.conversation.faulty() || !self.conversation.between_messages())
    }

    /// Does what the conversation asks for until it must wait or others are to be served.
    ///
    /// A reply that is held back is entered in `sleepers` under the token.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn drive(&mut self, poll: &Poll, sleepers: &mut Timers) -> io::Result<Progress> {
        self.queued = false;
        let idle = self.server.limits().idle_timeout;
        let begun = Instant::now();
        let mut time_is_up = false;
        for _ in 0..DRIVE_STEPS {
            if time_is_up {
                break;
            }
            match self.conversation.step() {
                Step::Call => {
                    let outcome = self.server.call(&mut self.conversation);
                    if let Outcome::Wait(time) = outcome {
                        let at = Instant::now() + time;
                        self.wakes_at = Some(at);
                        sleepers.add(at, self.token.0)?;
                    }
                    self.deadline = from_now(idle);
                    time_is_up = begun.elapsed() >= DRIVE_TIME;
                }
                Step::Write if !self.write()? => {
                    self.listen_for_room(poll, true)?;
                    return Ok(Progress::Waits);
                }
                Step::Write => self.deadline = from_now(idle),
                Step::Read if !self.readable => {
                    self.listen_for_room(poll, false)?;
                    return Ok(Progress::Waits);
                }
                Step::Read => self.read()?,
                Step::Wait => {
                    self.asleep = true;
                    return Ok(Progress::Waits);
                }
                Step::Shut => {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.conversation.shut();
                    self.deadline =
                        from_now(Some(idle.unwrap_or(READ_OFF_TIME).min(READ_OFF_TIME)));
                }
                Step::Close => {
                    let faulty = self.conversation.faulty();
                    return Ok(Progress::Closes { faulty });
                }
            }
        }
        Ok(Progress::Again)
    }

    /// False when the socket takes no more.
    fn write(&mut self) -> io::Result<bool> {
        match self.stream.write(self.conversation.unwritten()) {
            Ok(bytes) => {
                self.conversation.wrote(bytes);
                Ok(true)
            }
            Err(error) if would_block(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let begins = self.conversation.between_messages();
        let space = self.conversation.space();
        let room = space.len();
        match self.stream.read(space) {
            Ok(0) => self.conversation.ended(),
            Ok(bytes) => {
                self.conversation.received(bytes);
                if begins {
                    self.deadline = from_now(self.server.limits().idle_timeout);
                }
                // A short read has emptied the socket, and what comes later is told anew (epoll(7), Q9).
                self.readable = bytes == room || self.half_closed;
            }
            Err(error) if would_block(&error) => self.readable = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Asks to be told of room to write only while there is something to write.
    fn listen_for_room(&mut self, poll: &Poll, wanted: bool) -> io::Result<()> {
        if self.wants_to_write == wanted {
            return Ok(());
        }
        self.wants_to_write = wanted;
        let interest = if wanted {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        poll.registry()
            .reregister(&mut self.stream, self.token, interest)
    }
}

fn from_now(time: Option<Duration>) -> Option<Instant> {
    time.map(|time| Instant::now() + time)
}
