//! One client: its connection, its requests in flight, and its requests that wait to be sent.

use std::collections::VecDeque;

use super::message::Tag;
use crate::load::pacer::mix::Kind;
use crate::protocol::{WriteMode, WriteSplitter};

/// A request that waits to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueuedRequest {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
}

/// A request in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
    pub(crate) sent_ns: u64,
    pub(crate) tag: Tag,
}

/// The state of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// There is no connection. A connect is allowed from this time on.
    Down {
        retry_ns: u64,
    },
    /// A connect is in progress since this time.
    Connecting {
        since_ns: u64,
    },
    Up,
}

/// The result of one client when the load has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientResult {
    /// Correct replies inside the window.
    pub replies: u64,
    /// The longest response time of its requests in the sample.
    pub longest_wait_ns: u64,
    /// Its requests in the sample.
    pub asked: u64,
    /// Requests of the sample with a correct reply, also in the drain.
    pub answered: u64,
    /// Requests of the sample that had no reply at the end of the drain.
    pub unanswered: u64,
    /// Whether any reply to them came, correct or wrong.
    pub got_reply: bool,
}

impl ClientResult {
    /// Counts a request of the sample that ended after `wait_ns`.
    pub(crate) fn waited(&mut self, wait_ns: u64) {
        self.asked += 1;
        self.longest_wait_ns = self.longest_wait_ns.max(wait_ns);
    }

    /// Whether it sent requests and got no correct reply.
    pub fn is_unserved(&self) -> bool {
        self.asked > 0 && self.answered == 0
    }

    /// Whether it got no reply at all and requests were still unanswered at the end.
    pub fn is_starved(&self) -> bool {
        self.is_unserved() && !self.got_reply && self.unanswered > 0
    }
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) link: ConnectionState,
    /// Requests that wait to be sent, in the order of the plan.
    pub(crate) waiting: VecDeque<QueuedRequest>,
    /// Requests in flight. Replies come in this order.
    pub(crate) flights: VecDeque<InFlight>,
    /// The first part of a reply that is not complete.
    pub(crate) inbox: Vec<u8>,
    /// Bytes of requests that the socket has not accepted yet.
    pub(crate) outbox: Vec<u8>,
    splitter: WriteSplitter,
    /// Number of replies on this connection.
    pub(crate) on_connection: u32,
    /// The number of the last common reconnect before its connection was established.
    pub(crate) reconnects_seen: u64,
    /// When it could first have sent. Any later send is scheduling delay of the generator.
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
            splitter: WriteSplitter::new(write_mode),
            on_connection: 0,
            reconnects_seen: 0,
            able_ns: 0,
            failures: 0,
            sequence: 0,
            result: ClientResult::default(),
        }
    }

    /// Resets the state of the connection. The next connect is allowed from `retry_ns` on.
    pub(crate) fn disconnect(&mut self, retry_ns: u64) {
        self.link = ConnectionState::Down { retry_ns };
        self.on_connection = 0;
        self.inbox.clear();
        self.outbox.clear();
        self.splitter.restart();
    }

    /// The bytes for the next write; empty when everything is written.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.outbox[..self.splitter.next(self.outbox.len())]
    }

    /// Removes the first `bytes` of the unwritten bytes: they have been written.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.splitter.wrote(&self.outbox[..bytes]);
        if bytes == self.outbox.len() {
            self.outbox.clear();
        } else {
            drop(self.outbox.drain(..bytes));
        }
    }

    /// Memory of this client, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of::<Client>()
            + self.waiting.capacity() * size_of::<QueuedRequest>()
            + self.flights.capacity() * size_of::<InFlight>()
            + self.inbox.capacity()
            + self.outbox.capacity()
    }

    /// How long to wait before the next connect: 0 after the first failure, at most 1 s.
    pub(crate) fn backoff_ns(&self) -> u64 {
        match self.failures {
            0 | 1 => 0,
            failures => 10_000_000_u64
                .saturating_mul(1 << failures.min(20))
                .min(1_000_000_000),
        }
    }
}
