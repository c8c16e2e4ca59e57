//! One client: its connection, what it has in flight, and what it is still to send.

use std::collections::VecDeque;

use super::message::Tag;
use crate::load::pacer::mix::Kind;
use crate::protocol::{WriteMode, WriteSplitter};

/// A request that is still to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueuedRequest {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
}

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
    pub(crate) sent_ns: u64,
    pub(crate) tag: Tag,
}

/// Where a client's connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// There is none; a connect may be tried from this time on.
    Down {
        retry_ns: u64,
    },
    /// A connect is under way since this time.
    Connecting {
        since_ns: u64,
    },
    Up,
}

/// What is left of a client when the load is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientResult {
    /// Right replies inside the window.
    pub replies: u64,
    /// Its longest wait among the requests of the sample.
    pub longest_wait_ns: u64,
    /// Its requests in the sample, …
    pub asked: u64,
    /// … those that were answered rightly, be it in the drain, …
    pub answered: u64,
    /// … and those that were still without any reply at the end.
    pub unanswered: u64,
    /// Whether any reply to them came, be it a wrong one.
    pub heard: bool,
}

impl ClientResult {
    /// A request of the sample has ended after this time.
    pub(crate) fn waited(&mut self, wait_ns: u64) {
        self.asked += 1;
        self.longest_wait_ns = self.longest_wait_ns.max(wait_ns);
    }

    /// Whether it asked and was never answered rightly.
    pub fn is_unserved(&self) -> bool {
        self.asked > 0 && self.answered == 0
    }

    /// Whether it asked, heard nothing at all, and was left waiting.
    pub fn is_starved(&self) -> bool {
        self.is_unserved() && !self.heard && self.unanswered > 0
    }
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) link: ConnectionState,
    /// The requests that it is still to send, in the order of the plan.
    pub(crate) waiting: VecDeque<QueuedRequest>,
    /// What it has sent, in the order of the replies.
    pub(crate) flights: VecDeque<InFlight>,
    /// The beginning of a reply whose rest has not come.
    pub(crate) inbox: Vec<u8>,
    /// The rest of a request that the socket has not taken.
    pub(crate) outbox: Vec<u8>,
    pieces: WriteSplitter,
    /// Replies on this connection.
    pub(crate) on_connection: u32,
    /// The number of the last common leave before its connection came up.
    pub(crate) beat: u64,
    /// Since when it could have sent: what comes after that is the generator's own lag.
    pub(crate) able_ns: u64,
    /// Failures since the last reply.
    pub(crate) failures: u32,
    pub(crate) sequence: u64,
    pub(crate) result: ClientResult,
}

impl Client {
    pub(crate) fn new(pipeline: usize, write_mode: WriteMode) -> Client {
        Client {
            link: ConnectionState::Down { retry_ns: 0 },
            waiting: VecDeque::with_capacity(pipeline + 1),
            flights: VecDeque::with_capacity(pipeline),
            inbox: Vec::new(),
            outbox: Vec::new(),
            pieces: WriteSplitter::new(write_mode),
            on_connection: 0,
            beat: 0,
            able_ns: 0,
            failures: 0,
            sequence: 0,
            result: ClientResult::default(),
        }
    }

    /// Forgets the connection; the next may be tried from `retry_ns` on.
    pub(crate) fn disconnect(&mut self, retry_ns: u64) {
        self.link = ConnectionState::Down { retry_ns };
        self.on_connection = 0;
        self.inbox.clear();
        self.outbox.clear();
        self.pieces.restart();
    }

    /// What goes into the next write; empty when all is written.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.outbox[..self.pieces.next(self.outbox.len())]
    }

    /// The first `bytes` of what was unwritten have been written.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.pieces.wrote(&self.outbox[..bytes]);
        if bytes == self.outbox.len() {
            self.outbox.clear();
        } else {
            drop(self.outbox.drain(..bytes));
        }
    }

    /// Memory that it takes.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of::<Client>()
            + self.waiting.capacity() * size_of::<QueuedRequest>()
            + self.flights.capacity() * size_of::<InFlight>()
            + self.inbox.capacity()
            + self.outbox.capacity()
    }

    /// How long to wait before another connect: not at all at first, at most a second.
    pub(crate) fn backoff_ns(&self) -> u64 {
        match self.failures {
            0 | 1 => 0,
            failures => 10_000_000_u64
                .saturating_mul(1 << failures.min(20))
                .min(1_000_000_000),
        }
    }
}
