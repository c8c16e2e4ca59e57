//! One client: its connection, what it has in flight, and what it is still to send.

use std::collections::VecDeque;

use super::message::{Message, Tag};
use super::pacer::{Assign, Kind};
use crate::wiring::{Pieces, Wiring};

/// How each client behaves.
#[derive(Debug, Clone)]
pub struct Manners {
    /// What it sends.
    pub message: Message,
    /// What it sends where a request is [`Kind::Beside`]; `None` is the same.
    pub beside: Option<Message>,
    /// The number of the first of them among all threads', which tells their requests apart.
    pub first_client: usize,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// Whom a planned request waits for.
    pub assign: Assign,
    /// Whether it connects before it has anything to send, as a plan that runs from the start needs.
    pub connects_first: bool,
    /// A connection ends after so many replies; `None` is never.
    pub requests_per_connection: Option<u32>,
    /// All give up their connections at the multiples of this time; `None` is never.
    pub reconnect_every_ns: Option<u64>,
    /// How long a reply may take.
    pub timeout_ns: u64,
    /// How long a connect may take.
    pub connect_timeout_ns: u64,
    /// Connections beside those of the clients that connect before them and then only sit there.
    pub idle: usize,
    /// When they first connect.
    pub ramp: Ramp,
    /// How requests are written.
    pub wiring: Wiring,
    /// The longest reply that is believed.
    pub max_frame_bytes: usize,
}

impl Manners {
    /// Whether a client keeps its connection to the end.
    pub(super) fn is_persistent(&self) -> bool {
        self.requests_per_connection.is_none() && self.reconnect_every_ns.is_none()
    }

    /// What a request of this kind sends.
    pub(super) fn message(&self, kind: Kind) -> &Message {
        match (kind, &self.beside) {
            (Kind::Beside, Some(beside)) => beside,
            _ => &self.message,
        }
    }
}

/// When connections are first made: spaced, so that thousands do not arrive as one flood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ramp {
    /// When the first is made.
    pub first_ns: u64,
    /// How long after each the next one is.
    pub gap_ns: u64,
}

impl Ramp {
    /// When connection `index` is made.
    pub fn at_ns(&self, index: usize) -> u64 {
        self.first_ns + self.gap_ns * index as u64
    }
}

/// A request that is still to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) planned_ns: u64,
    pub(super) kind: Kind,
}

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) planned_ns: u64,
    pub(super) kind: Kind,
    pub(super) sent_ns: u64,
    pub(super) tag: Tag,
}

/// Where a client's connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
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
    pub(super) fn waited(&mut self, wait_ns: u64) {
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
pub(super) struct Client {
    pub(super) link: Link,
    /// The requests that it is still to send, in the order of the plan.
    pub(super) waiting: VecDeque<Waiting>,
    /// What it has sent, in the order of the replies.
    pub(super) flights: VecDeque<Flight>,
    /// The beginning of a reply whose rest has not come.
    pub(super) inbox: Vec<u8>,
    /// The rest of a request that the socket has not taken.
    pub(super) outbox: Vec<u8>,
    pieces: Pieces,
    /// Replies on this connection.
    pub(super) on_connection: u32,
    /// The number of the last common leave before its connection came up.
    pub(super) beat: u64,
    /// Since when it could have sent: what comes after that is the generator's own lag.
    pub(super) able_ns: u64,
    /// Failures since the last reply.
    pub(super) failures: u32,
    pub(super) sequence: u64,
    pub(super) result: ClientResult,
}

impl Client {
    pub(super) fn new(pipeline: usize, wiring: Wiring) -> Client {
        Client {
            link: Link::Down { retry_ns: 0 },
            waiting: VecDeque::with_capacity(pipeline + 1),
            flights: VecDeque::with_capacity(pipeline),
            inbox: Vec::new(),
            outbox: Vec::new(),
            pieces: Pieces::new(wiring),
            on_connection: 0,
            beat: 0,
            able_ns: 0,
            failures: 0,
            sequence: 0,
            result: ClientResult::default(),
        }
    }

    /// Forgets the connection; the next may be tried from `retry_ns` on.
    pub(super) fn disconnect(&mut self, retry_ns: u64) {
        self.link = Link::Down { retry_ns };
        self.on_connection = 0;
        self.inbox.clear();
        self.outbox.clear();
        self.pieces.restart();
    }

    /// What goes into the next write; empty when all is written.
    pub(super) fn unwritten(&self) -> &[u8] {
        &self.outbox[..self.pieces.next(self.outbox.len())]
    }

    /// The first `bytes` of what was unwritten have been written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.pieces.wrote(&self.outbox[..bytes]);
        if bytes == self.outbox.len() {
            self.outbox.clear();
        } else {
            drop(self.outbox.drain(..bytes));
        }
    }

    /// Memory that it takes.
    pub(super) fn held_bytes(&self) -> usize {
        size_of::<Client>()
            + self.waiting.capacity() * size_of::<Waiting>()
            + self.flights.capacity() * size_of::<Flight>()
            + self.inbox.capacity()
            + self.outbox.capacity()
    }

    /// How long to wait before another connect: not at all at first, at most a second.
    pub(super) fn backoff_ns(&self) -> u64 {
        match self.failures {
            0 | 1 => 0,
            failures => 10_000_000_u64
                .saturating_mul(1 << failures.min(20))
                .min(1_000_000_000),
        }
    }
}
