//! The completion-based driver of a conversation, without I/O: it says which operations the kernel
//! shall do, and is told of their completions.

use std::io;
use std::time::{Duration, Instant};

use super::bound::READ_OFF_TIME;
use super::idle_deadline::IdleDeadline;
use super::nonblocking::Progress;
use super::timer_queue::TimerQueue;
use super::turn::{DRIVE_STEPS, DRIVE_TIME};
use crate::protocol::{Conversation, HIGH_WATER_BYTES, Outcome, Step};

/// The most bytes of one send.
const SEND_BYTES: usize = HIGH_WATER_BYTES;
/// When this number of received bytes waits for the conversation, receiving is cancelled.
const STASH_BYTES: usize = HIGH_WATER_BYTES;

/// The memory that a connection keeps after large sends and bursts of requests, for each of both.
const KEPT_BYTES: usize = 4 << 10;

/// What the kernel shall do for a [`CompletionConnection`].
#[derive(Debug, PartialEq, Eq)]
pub enum Operation {
    /// Receive bytes until it ends; report each result with [`CompletionConnection::received`].
    Receive,
    /// End the receive, which still has a last result.
    CancelReceive,
    /// Send these bytes, or a part of them; report with [`CompletionConnection::sent`].
    Send(Vec<u8>),
    /// Shut down the write side. It has no result.
    Shut,
}

/// A receive operation of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiving {
    Off,
    On,
    /// It was cancelled, and its last result is not known yet.
    Cancelled,
}

/// One connection of a completion-based loop. The model [`uring`](crate::models::uring) is the
/// example.
///
/// One receive and one send are under way at most. Bytes that arrive while replies wait are
/// stashed, up to a limit at which receiving stops: a peer that does not read its replies cannot
/// send on and on.
#[derive(Debug)]
pub struct CompletionConnection {
    key: usize,
    conversation: Conversation,
    receiving: Receiving,
    /// Bytes `taken..` were received and the conversation has not taken them.
    stash: Vec<u8>,
    taken: usize,
    /// The peer will send nothing more.
    half_closed: bool,
    broken: Option<io::Error>,
    /// The memory of the next send; `None` while the kernel has it.
    send_buffer: Option<Vec<u8>>,
    stopping: bool,
    /// It waits for the end of a reply's delay.
    delayed: bool,
    delayed_until: Option<Instant>,
    deadline: IdleDeadline,
    wants_receive: bool,
    wants_cancel: bool,
    wants_send: Option<Vec<u8>>,
    wants_shut: bool,
}

impl CompletionConnection {
    /// An accepted connection, with its conversation, the idle timeout of the server's limits, and
    /// its key in the loop's timers.
    pub fn new(
        conversation: Conversation,
        idle_timeout: Option<Duration>,
        key: usize,
        now: Instant,
    ) -> CompletionConnection {
        CompletionConnection {
            key,
            conversation,
            receiving: Receiving::Off,
            stash: Vec::new(),
            taken: 0,
            half_closed: false,
            broken: None,
            send_buffer: Some(Vec::new()),
            stopping: false,
            delayed: false,
            delayed_until: None,
            deadline: IdleDeadline::starting(idle_timeout, now),
            wants_receive: false,
            wants_cancel: false,
            wants_send: None,
            wants_shut: false,
        }
    }

    /// A result of the receive; no bytes are the end of the stream. `more`: it continues.
    pub fn received(&mut self, result: io::Result<&[u8]>, more: bool, now: Instant) {
        if !more {
            self.receiving = Receiving::Off;
        }
        match result {
            Ok([]) => self.half_closed = true,
            Ok(bytes) => self.take(bytes, now),
            // No buffers, or cancelled: it begins again when the conversation reads.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ECANCELED)) => {
            }
            Err(error) => self.broken = Some(error),
        }
    }

    /// The result of a send, with its memory.
    pub fn sent(&mut self, result: io::Result<usize>, mut bytes: Vec<u8>, now: Instant) {
        match result {
            Ok(sent @ 1..) => {
                self.conversation.wrote(sent);
                self.deadline.progressed_at(now);
            }
            Ok(0) => self.broken = Some(io::ErrorKind::WriteZero.into()),
            Err(error) => self.broken = Some(error),
        }
        bytes.clear();
        bytes.shrink_to(KEPT_BYTES);
        self.send_buffer = Some(bytes);
    }

    /// Whether there is nothing to do before the peer sends something.
    pub fn waits_for_peer(&mut self) -> bool {
        let is_open = self.broken.is_none() && !self.half_closed && !self.stopping;
        is_open
            && self.stash.is_empty()
            && self.receiving == Receiving::On
            && self.conversation.step() == Step::Read
    }

    /// Whether the kernel has an operation of this connection, which must end before its
    /// descriptor is closed.
    pub fn is_in_flight(&self) -> bool {
        self.receiving != Receiving::Off || self.send_buffer.is_none()
    }

    /// Releases the reply that was delayed until `at`; returns whether there was one.
    ///
    /// False for a timer of an earlier connection with the same key.
    pub fn wake(&mut self, at: Instant, now: Instant) -> bool {
        let current = self.delayed_until == Some(at);
        if current {
            self.delayed_until = None;
            self.delayed = false;
            self.conversation.resume();
            self.deadline.progressed_at(now);
        }
        current
    }

    /// Starts the drain: what was received is served, and nothing more is received.
    pub fn stop(&mut self) {
        self.stopping = true;
        if self.receiving == Receiving::On {
            self.receiving = Receiving::Cancelled;
            self.wants_cancel = true;
        }
    }

    /// Checks the idle timeout, as [`Connection::timed_out`](crate::Connection::timed_out) does.
    pub fn timed_out(&mut self, now: Instant) -> Option<TimedOut> {
        let deadline = self.deadline.at(now);
        let expired = deadline.is_some_and(|deadline| deadline <= now);
        if self.delayed || !expired {
            return None;
        }
        let unread_replies = !self.conversation.unwritten().is_empty();
        let between = self.conversation.between_messages();
        Some(TimedOut {
            faulty: unread_replies || self.conversation.faulty() || !between,
            unread_replies,
        })
    }

    /// Does the steps of the conversation until it must wait or its turn is over; then takes the
    /// operations with [`CompletionConnection::next_operation`].
    ///
    /// `call` serves a request, as [`Server::call`](crate::Server::call) does. The end of a
    /// reply's delay is added to `timers` with the key.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn drive(
        &mut self,
        mut call: impl FnMut(&mut Conversation) -> Outcome,
        timers: &mut TimerQueue,
        begun: Instant,
    ) -> io::Result<Progress> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        // Only a handler takes time, so the clock is read after each call and not after each step.
        let mut now = begun;
        for _ in 0..DRIVE_STEPS {
            if now.duration_since(begun) >= DRIVE_TIME {
                break;
            }
            match self.conversation.step() {
                Step::Call => {
                    let outcome = call(&mut self.conversation);
                    now = Instant::now();
                    if let Outcome::Wait(time) = outcome {
                        let until = now + time;
                        self.delayed_until = Some(until);
                        timers.add(until, self.key);
                    }
                    self.deadline.progressed_at(now);
                }
                Step::Write => {
                    self.send();
                    return Ok(Progress::Waits);
                }
                Step::Read if self.taken < self.stash.len() => self.take_from_stash(now),
                Step::Read if self.half_closed => self.conversation.ended(),
                Step::Read if self.stopping => self.conversation.stop(),
                Step::Read => {
                    if self.receiving == Receiving::Off {
                        self.receiving = Receiving::On;
                        self.wants_receive = true;
                    }
                    return Ok(Progress::Waits);
                }
                Step::Wait => {
                    self.delayed = true;
                    return Ok(Progress::Waits);
                }
                Step::Shut => {
                    self.wants_shut = true;
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

    /// The next operation that the kernel shall do.
    pub fn next_operation(&mut self) -> Option<Operation> {
        if let Some(bytes) = self.wants_send.take() {
            return Some(Operation::Send(bytes));
        }
        if std::mem::take(&mut self.wants_receive) {
            return Some(Operation::Receive);
        }
        if std::mem::take(&mut self.wants_cancel) {
            return Some(Operation::CancelReceive);
        }
        std::mem::take(&mut self.wants_shut).then_some(Operation::Shut)
    }

    /// Sends what is unwritten, if no send is under way.
    fn send(&mut self) {
        if let Some(mut bytes) = self.send_buffer.take() {
            let unwritten = self.conversation.unwritten();
            bytes.extend_from_slice(&unwritten[..unwritten.len().min(SEND_BYTES)]);
            self.wants_send = Some(bytes);
        }
    }

    /// Gives received bytes to the conversation, or stashes what it does not take yet.
    fn take(&mut self, bytes: &[u8], now: Instant) {
        let mut rest = bytes;
        if self.stash.is_empty() && self.conversation.step() == Step::Read {
            rest = &bytes[self.give(bytes, now)..];
        }
        self.stash.extend_from_slice(rest);
        if self.stash.len() - self.taken >= STASH_BYTES && self.receiving == Receiving::On {
            self.receiving = Receiving::Cancelled;
            self.wants_cancel = true;
        }
    }

    fn take_from_stash(&mut self, now: Instant) {
        let stash = std::mem::take(&mut self.stash);
        self.taken += self.give(&stash[self.taken..], now);
        self.stash = stash;
        if self.taken == self.stash.len() {
            self.stash.clear();
            self.stash.shrink_to(KEPT_BYTES);
            self.taken = 0;
        } else if self.taken >= STASH_BYTES {
            self.stash.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Gives the conversation as many of these bytes as it has space for; returns how many.
    fn give(&mut self, bytes: &[u8], now: Instant) -> usize {
        let new_message = self.conversation.between_messages();
        let space = self.conversation.space();
        let count = bytes.len().min(space.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.conversation.received(count);
        if new_message {
            self.deadline.progressed_at(now);
        }
        count
    }
}

/// The idle timeout of a connection has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    /// Whether that is a fault; between messages it is not.
    pub faulty: bool,
    /// Whether the peer has not read its replies, so that the close must send a reset.
    pub unread_replies: bool,
}
