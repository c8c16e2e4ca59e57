//! The non-blocking driver of a conversation, for readiness loops.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Poll, Token};

use super::bound::{READ_OFF_TIME, Server};
use super::handover::Handover;
use super::idle_deadline::IdleDeadline;
use super::stream::{close_with_reset, would_block};
use super::timers::Timers;
use super::turn::{DRIVE_STEPS, DRIVE_TIME};
use crate::process::counters::Active;
use crate::protocol::{Conversation, Outcome, Step};

/// The result of [`Connection::drive`]. The model [`async`](crate::models::async) is the example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It waits for readiness or for a timer.
    Waits,
    /// It has more to do, in its next turn.
    Again,
    /// A request is complete, and another thread must call its handler
    /// ([`Connection::drive_until_call`]).
    Calls,
    /// It is finished and must be closed.
    Closes {
        /// Whether the peer broke the protocol, which is counted as a fault.
        faulty: bool,
    },
}

/// One connection of a readiness loop. The model [`async`](crate::models::async) is the example.
#[derive(Debug)]
pub struct Connection<'s> {
    server: &'s Server<'s>,
    token: Token,
    stream: TcpStream,
    conversation: Conversation,
    readable: bool,
    /// The peer has shut down its write side, so reading continues until the end of the stream.
    half_closed: bool,
    polls_for_write: bool,
    queued: bool,
    /// It waits for the end of a reply's delay, or for another thread that has its conversation.
    delayed: bool,
    /// When the delayed reply may be sent.
    delayed_until: Option<Instant>,
    /// A stop that the conversation has not heard of yet, since another thread has it.
    stopping: bool,
    deadline: IdleDeadline,
    _active: Active<'s>,
}

impl<'s> Connection<'s> {
    /// Registers an accepted connection under `token`.
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
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
            polls_for_write: false,
            queued: false,
            delayed: false,
            delayed_until: None,
            stopping: false,
            deadline: IdleDeadline::starting(server.limits().idle_timeout, Instant::now()),
            _active: server.meter().connection(),
        })
    }

    /// Records a readiness event; edge-triggered, so each change is reported once.
    pub fn record_event(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_error();
        self.half_closed |= event.is_read_closed();
    }

    /// Marks it as queued. Returns false if it is queued already or its reply is delayed.
    pub fn may_queue(&mut self) -> bool {
        !self.delayed && !std::mem::replace(&mut self.queued, true)
    }

    /// Releases the reply that was delayed until `at`; returns whether there was one.
    ///
    /// False for a timer of an earlier connection with the same token.
    pub fn wake(&mut self, at: Instant) -> bool {
        let current = self.delayed_until == Some(at);
        if current {
            self.delayed_until = None;
            self.delayed = false;
            self.conversation.resume();
            self.deadline.progressed_at(Instant::now());
        }
        current
    }

    /// Starts the drain: nothing more is read.
    pub fn stop(&mut self) {
        self.stopping = true;
        self.conversation.stop();
    }

    /// Takes the conversation, for a thread that calls its handlers.
    ///
    /// Until [`Connection::put_back`] nothing is read or written, and no timeout expires.
    pub fn hand_over(&mut self) -> Handover {
        self.delayed = true;
        // The one that stays here is empty and never used.
        let conversation = std::mem::replace(&mut self.conversation, Conversation::new(0));
        Handover::new(self.token.0, conversation)
    }

    /// Takes the conversation back. Returns false if the handler has panicked: the connection
    /// must then be closed.
    ///
    /// The end of a reply's delay is added to `timers` with the token.
    ///
    /// # Errors
    /// When timerfd_settime(2) fails.
    pub fn put_back(&mut self, handover: Handover, timers: &mut Timers) -> io::Result<bool> {
        let now = Instant::now();
        self.delayed = false;
        self.conversation = handover.conversation;
        if self.stopping {
            self.conversation.stop();
        }
        self.deadline.progressed_at(now);
        if let Some(Outcome::Wait(time)) = handover.outcome {
            self.delay(now + time, timers)?;
        }
        Ok(handover.outcome.is_some())
    }

    fn delay(&mut self, until: Instant, timers: &mut Timers) -> io::Result<()> {
        self.delayed_until = Some(until);
        timers.add(until, self.token.0)
    }

    /// Checks the idle timeout. If it has expired, returns whether that is a
    /// fault; between messages it is not.
    ///
    /// If the peer has not read its replies, the close will send a reset.
    pub fn timed_out(&mut self, now: Instant) -> Option<bool> {
        let deadline = self.deadline.at(now);
        let expired = deadline.is_some_and(|deadline| deadline <= now);
        if self.delayed || !expired {
            return None;
        }
        let unread_replies = !self.conversation.unwritten().is_empty();
        if unread_replies {
            close_with_reset(&self.stream);
        }
        Some(unread_replies || self.conversation.faulty() || !self.conversation.between_messages())
    }

    /// Does the steps of the conversation until it must wait or its turn is over.
    ///
    /// The end of a reply's delay is added to `timers` with the token.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn drive(&mut self, poll: &Poll, timers: &mut Timers) -> io::Result<Progress> {
        self.drive_with(poll, Some(timers))
    }

    /// Like [`Connection::drive`], for handlers that other threads call: returns
    /// [`Progress::Calls`] where a handler must be called.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn drive_until_call(&mut self, poll: &Poll) -> io::Result<Progress> {
        self.drive_with(poll, None)
    }

    /// Calls handlers only with `timers`.
    fn drive_with(&mut self, poll: &Poll, mut timers: Option<&mut Timers>) -> io::Result<Progress> {
        self.queued = false;
        let started = Instant::now();
        // Only a handler takes time, so the clock is read after each call and not after each step.
        let mut now = started;
        for _ in 0..DRIVE_STEPS {
            if now.duration_since(started) >= DRIVE_TIME {
                break;
            }
            match self.conversation.step() {
                Step::Call => {
                    let Some(timers) = timers.as_deref_mut() else {
                        return Ok(Progress::Calls);
                    };
                    let outcome = self.server.call(&mut self.conversation);
                    now = Instant::now();
                    if let Outcome::Wait(time) = outcome {
                        self.delay(now + time, timers)?;
                    }
                    self.deadline.progressed_at(now);
                }
                Step::Write if !self.write()? => {
                    self.poll_for_write(poll, true)?;
                    return Ok(Progress::Waits);
                }
                Step::Write => self.deadline.progressed_at(now),
                Step::Read if !self.readable => {
                    self.poll_for_write(poll, false)?;
                    return Ok(Progress::Waits);
                }
                Step::Read => self.read(now)?,
                Step::Wait => {
                    self.delayed = true;
                    return Ok(Progress::Waits);
                }
                Step::Shut => {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.conversation.shut();
                    self.deadline.end_within(READ_OFF_TIME);
                }
                Step::Close => {
                    let faulty = self.conversation.faulty();
                    return Ok(Progress::Closes { faulty });
                }
            }
        }
        Ok(Progress::Again)
    }

    /// Returns false when the socket's send buffer is full.
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

    fn read(&mut self, now: Instant) -> io::Result<()> {
        let new_message = self.conversation.between_messages();
        let space = self.conversation.space();
        let space_bytes = space.len();
        match self.stream.read(space) {
            Ok(0) => self.conversation.ended(),
            Ok(bytes) => {
                self.conversation.received(bytes);
                if new_message {
                    self.deadline.progressed_at(now);
                }
                // A short read has emptied the socket; later data causes a new event (epoll(7), Q9).
                self.readable = bytes == space_bytes || self.half_closed;
            }
            Err(error) if would_block(&error) => self.readable = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sets whether write readiness is polled; needed only while bytes are unwritten.
    fn poll_for_write(&mut self, poll: &Poll, enabled: bool) -> io::Result<()> {
        if self.polls_for_write == enabled {
            return Ok(());
        }
        self.polls_for_write = enabled;
        let interest = if enabled {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        poll.registry()
            .reregister(&mut self.stream, self.token, interest)
    }
}
