//! The server that was measured and its options.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The server that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerIdentity {
    /// `model`, `exec` or `target`.
    pub kind: ServerKind,
    /// The model's name, the label that the user gave, the command, or the address.
    pub name: String,
    /// The command or the address, if `name` is a label.
    #[serde(default)]
    pub command: Option<String>,
    /// Its options.
    pub options: ServerOptions,
    /// In a check: `baseline` or `candidate`.
    #[serde(default)]
    pub role: Option<Role>,
}

/// The side of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The build that is compared with.
    Baseline,
    /// The build that is checked.
    Candidate,
}

impl Role {
    /// Its name, as in the record.
    pub fn name(self) -> &'static str {
        match self {
            Role::Baseline => "baseline",
            Role::Candidate => "candidate",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The kind of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    /// A model of this program.
    Model,
    /// A command that was started.
    Exec,
    /// A server that was already running.
    Target,
}

/// The options of a server, with defaults resolved; null if it does not have the option.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerOptions {
    /// Worker processes.
    pub workers: Option<usize>,
    /// How workers accept connections.
    pub accept: Option<String>,
    /// The listen backlog: connections that may wait to be accepted.
    pub backlog: Option<u32>,
    /// The most connections at the same time.
    pub max_connections: Option<usize>,
    /// The longest message, in bytes.
    pub max_frame_bytes: Option<usize>,
    /// The idle timeout; null is no timeout.
    pub idle_timeout_s: Option<f64>,
    /// How long its event loops poll without sleeping after the last event, in microseconds; null
    /// is not at all.
    #[serde(default)]
    pub busy_poll_us: Option<f64>,
    /// The longest drain: time for requests in flight when the server stops.
    pub drain_s: Option<f64>,
    /// The cores that it may use, such as `0,2-3`; null is all.
    #[serde(default)]
    pub cpus: Option<String>,
}
