//! The one line that a server prints when it listens.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// What the harness must know of a server, in one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// [`Ready::SCHEMA`].
    pub schema: String,
    /// The model's name.
    pub model: String,
    /// Where it listens, with the real port.
    pub address: SocketAddr,
    /// Worker processes as resolved; none where the model has none.
    pub workers: Option<usize>,
    /// How they accept as resolved.
    pub accept: Option<String>,
    /// The process that opened `meter_fd`.
    pub pid: i32,
    /// Its descriptor of the shared counters.
    pub meter_fd: i32,
}

impl Ready {
    /// The version of this line.
    pub const SCHEMA: &'static str = "rpcbench.ready/1";
}
