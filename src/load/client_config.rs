//! The configuration of the clients of one thread.

use super::message::Message;
use crate::load::pacer::mix::Kind;
use crate::load::pacer::schedule::Assign;
use crate::protocol::WriteMode;

/// The configuration of the clients of one thread.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The usual request.
    pub message: Message,
    /// The request of kind [`Kind::Alternate`]; `None` means the usual one.
    pub alternate: Option<Message>,
    /// The number of the first client among the clients of all threads. It makes tags unique.
    pub first_client: usize,
    /// Requests in flight per connection.
    pub pipeline: usize,
    /// Which client sends a planned request.
    pub assign: Assign,
    /// Whether a client connects before it has a request to send. An open loop needs this.
    pub connects_first: bool,
    /// Replies per connection, after which it is closed; `None` means no limit.
    pub requests_per_connection: Option<u32>,
    /// All clients reconnect at the multiples of this time; `None` means never.
    pub reconnect_every_ns: Option<u64>,
    /// Timeout of a reply.
    pub timeout_ns: u64,
    /// Timeout of a connect.
    pub connect_timeout_ns: u64,
    /// Additional idle connections. They connect before the clients and send nothing.
    pub idle: usize,
    /// When the connections are first made.
    pub ramp: Ramp,
    /// How requests are written.
    pub write_mode: WriteMode,
    /// The longest reply that is accepted, in bytes.
    pub max_frame_bytes: usize,
}

impl ClientConfig {
    /// Whether a client keeps its connection to the end.
    pub(crate) fn is_persistent(&self) -> bool {
        self.requests_per_connection.is_none() && self.reconnect_every_ns.is_none()
    }

    /// The message of this kind of request.
    pub(crate) fn message(&self, kind: Kind) -> &Message {
        match (kind, &self.alternate) {
            (Kind::Alternate, Some(alternate)) => alternate,
            _ => &self.message,
        }
    }
}

/// When connections are first made. They are spaced, so that thousands do not arrive at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ramp {
    /// When the first connection is made.
    pub first_ns: u64,
    /// Time between two connections.
    pub gap_ns: u64,
}

impl Ramp {
    /// When connection `index` is made.
    pub fn at_ns(&self, index: usize) -> u64 {
        self.first_ns + self.gap_ns * index as u64
    }
}
