//! One connection: a conversation driven by the completions of its operations.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rpcbench::{Active, Conversation, IdleDeadline, Outcome, READ_OFF_TIME, Server, Step, Timers};

use crate::queue::Queue;

/// Bytes per receive.
const BUFFER_BYTES: usize = 16 << 10;
/// The time after which other connections have their turn.
const TURN_TIME: Duration = Duration::from_millis(1);

/// What a connection waits for after its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The completion of an operation.
    Operation,
    /// The end of its reply's delay.
    Delay,
    /// Nothing: it has more to do in its next turn.
    Again,
    /// Nothing: it must be closed.
    Close { is_fault: bool },
}

pub(crate) struct Connection<'s> {
    server: &'s Server<'s>,
    key: usize,
    conversation: Conversation,
    /// Bytes of the last receive that the conversation has not taken yet.
    received: Vec<u8>,
    taken: usize,
    /// A receive or a send is in progress; never both, since no reply is left unsent before a read.
    in_progress: bool,
    is_stopping: bool,
    delayed_until: Option<Instant>,
    deadline: IdleDeadline,
    _active: Active<'s>,
}

impl<'s> Connection<'s> {
    pub(crate) fn new(server: &'s Server<'_>, key: usize) -> Connection<'s> {
        Connection {
            server,
            key,
            conversation: server.conversation(),
            received: Vec::new(),
            taken: 0,
            in_progress: false,
            is_stopping: false,
            delayed_until: None,
            deadline: IdleDeadline::starting(server.limits().idle_timeout, Instant::now()),
            _active: server.meter().connection(),
        }
    }

    /// A receive has completed.
    pub(crate) fn received(&mut self, bytes: usize, mut buffer: Vec<u8>) {
        self.in_progress = false;
        if bytes == 0 {
            self.conversation.ended();
        }
        // Bytes inside a message are no progress: it must be complete in time.
        if self.conversation.between_messages() {
            self.deadline.progressed_at(Instant::now());
        }
        buffer.truncate(bytes);
        (self.received, self.taken) = (buffer, 0);
    }

    /// A send has completed, perhaps of a part.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.in_progress = false;
        self.conversation.wrote(bytes);
        self.deadline.progressed_at(Instant::now());
    }

    /// The delay until `at` is over; false for a timer of an earlier connection with this key.
    pub(crate) fn resume(&mut self, at: Instant) -> bool {
        let is_own = self.delayed_until == Some(at);
        if is_own {
            self.delayed_until = None;
            self.conversation.resume();
            self.deadline.progressed_at(Instant::now());
        }
        is_own
    }

    /// Starts the drain: requests that were received are served, nothing more is received.
    pub(crate) fn stop(&mut self, queue: &mut Queue) {
        self.is_stopping = true;
        if queue.cancel_receive(self.key) {
            self.in_progress = false;
        }
    }

    /// If its time is over: whether that is a fault, and whether replies are unread.
    pub(crate) fn timed_out(&mut self, now: Instant) -> Option<(bool, bool)> {
        let is_over = self.deadline.at(now).is_some_and(|at| at <= now);
        if self.delayed_until.is_some() || !is_over {
            return None;
        }
        let unread = !self.conversation.unwritten().is_empty();
        let cut_off = !self.conversation.between_messages();
        Some((unread || cut_off || self.conversation.faulty(), unread))
    }

    /// Does the steps of the conversation until it must wait, or its turn is over.
    pub(crate) fn turn(&mut self, queue: &mut Queue, timers: &mut Timers) -> io::Result<Turn> {
        if self.in_progress {
            return Ok(Turn::Operation);
        }
        let begun = Instant::now();
        while begun.elapsed() < TURN_TIME {
            match self.conversation.step() {
                Step::Call => {
                    let call = || self.server.call(&mut self.conversation);
                    // A panic of the handler costs this connection only.
                    let Ok(outcome) = catch_unwind(AssertUnwindSafe(call)) else {
                        self.server.meter().panic();
                        return Ok(Turn::Close { is_fault: false });
                    };
                    let now = Instant::now();
                    if let Outcome::Wait(time) = outcome {
                        self.delayed_until = Some(now + time);
                        timers.add(now + time, self.key)?;
                    }
                    self.deadline.progressed_at(now);
                }
                Step::Read if self.taken < self.received.len() => self.take_received(),
                Step::Read if self.is_stopping => self.conversation.stop(),
                Step::Read => {
                    let mut buffer = std::mem::take(&mut self.received);
                    self.taken = 0;
                    buffer.resize(BUFFER_BYTES, 0);
                    self.in_progress = true;
                    queue.receive(self.key, buffer);
                    return Ok(Turn::Operation);
                }
                Step::Write => {
                    self.in_progress = true;
                    queue.send(self.key, self.conversation.unwritten().to_vec());
                    return Ok(Turn::Operation);
                }
                Step::Wait => return Ok(Turn::Delay),
                Step::Shut => {
                    queue.shut(self.key)?;
                    self.conversation.shut();
                    self.deadline.end_within(READ_OFF_TIME);
                }
                Step::Close => {
                    let is_fault = self.conversation.faulty();
                    return Ok(Turn::Close { is_fault });
                }
            }
        }
        Ok(Turn::Again)
    }

    /// The conversation has less space than was received only if a message is longer than that.
    fn take_received(&mut self) {
        let rest = &self.received[self.taken..];
        let space = self.conversation.space();
        let bytes = rest.len().min(space.len());
        space[..bytes].copy_from_slice(&rest[..bytes]);
        self.conversation.received(bytes);
        self.taken += bytes;
    }
}
