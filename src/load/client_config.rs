//! How each client of a thread behaves.

use super::message::Message;
use crate::load::pacer::mix::Kind;
use crate::load::pacer::schedule::Assign;
use crate::protocol::WriteMode;

/// How each client behaves.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// What it sends.
    pub message: Message,
    /// What it sends where a request is [`Kind::Alternate`]; `None` is the same.
    pub alternate: Option<Message>,
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
    pub write_mode: WriteMode,
    /// The longest reply that is believed.
    pub max_frame_bytes: usize,
}

impl ClientConfig {
    /// Whether a client keeps its connection to the end.
    pub(crate) fn is_persistent(&self) -> bool {
        self.requests_per_connection.is_none() && self.reconnect_every_ns.is_none()
    }

    /// What a request of this kind sends.
    pub(crate) fn message(&self, kind: Kind) -> &Message {
        match (kind, &self.alternate) {
            (Kind::Alternate, Some(alternate)) => alternate,
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
