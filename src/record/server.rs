//! Which server was measured, and how it was set up.

use serde::{Deserialize, Serialize};

/// Who served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerIdentity {
    /// `model`, `exec` or `target`.
    pub kind: ServerKind,
    /// The model's name, the command, or the address.
    pub name: String,
    /// How it was set up.
    pub options: ServerOptions,
    /// Of a check: `baseline` or `candidate`.
    #[serde(default)]
    pub role: Option<String>,
}

/// What a contestant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    /// A model of this program.
    Model,
    /// A command that was started.
    Exec,
    /// A server that ran already.
    Target,
}

/// How a contestant was set up, as resolved; null where it has no such thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerOptions {
    /// Worker processes.
    pub workers: Option<usize>,
    /// How they accept.
    pub accept: Option<String>,
    /// Connections that may wait to be accepted.
    pub backlog: Option<u32>,
    /// Connections at a time.
    pub max_connections: Option<usize>,
    /// The longest message.
    pub max_frame_bytes: Option<usize>,
    /// The idle timeout; null is none.
    pub idle_timeout_s: Option<f64>,
    /// What a stop gives to what is in flight.
    pub drain_s: Option<f64>,
    /// The cores that it was kept on, such as `0,2-3`; null is all.
    #[serde(default)]
    pub cpus: Option<String>,
}
