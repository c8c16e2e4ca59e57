//! The configuration of the clients of one thread.

use super::message::Message;
use crate::load::pacer::mix::Kind;
use crate::record::{LoadSpec, Mode};

/// The configuration of the clients of one thread.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The load, of all threads together.
    pub load: LoadSpec,
    /// The usual request.
    pub message: Message,
    /// The request of kind [`Kind::Alternate`]; `None` means the usual one.
    pub alternate: Option<Message>,
    /// The number of the first client among the clients of all threads. It makes tags unique.
    pub first_client: usize,
    /// Idle connections of this thread. They connect before the clients and send nothing.
    pub idle: usize,
    /// When the connections are first made.
    pub ramp: Ramp,
    /// The longest reply that is accepted, in bytes.
    pub max_frame_bytes: usize,
}

impl ClientConfig {
    /// Whether a client keeps its connection to the end.
    pub(crate) fn is_persistent(&self) -> bool {
        self.load.requests_per_connection.is_none() && self.load.reconnect_every.is_none()
    }

    /// Whether a client connects before it has a request to send. An open loop needs this.
    pub(crate) fn connects_first(&self) -> bool {
        self.load.mode != Mode::Closed && self.load.requests_per_connection.is_none()
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
