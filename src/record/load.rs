//! What load was made.

use serde::{Deserialize, Serialize};

/// What load was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadInfo {
    /// Connections that send.
    pub clients: usize,
    /// When requests are due.
    pub mode: Mode,
    /// Requests a second in all; null in a closed loop.
    pub rate_rps: Option<f64>,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// Whether a request waits for its own connection (`bound`) or for any (`free`).
    pub assign: String,
    /// Replies a connection; null is no end.
    pub requests_per_connection: Option<u32>,
    /// The method called.
    pub method: String,
    /// Bytes of a request on the wire, its 4-byte length included.
    pub request_bytes: usize,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, long ones shortened; null for pings, each of which carries its own tag.
    #[serde(default)]
    pub params: Option<String>,
    /// Connections beside them that send nothing.
    pub idle: usize,
    /// The window.
    pub duration_s: f64,
    /// What goes before it.
    pub warmup_s: f64,
    /// How long a reply may take.
    pub timeout_s: f64,
    /// How long a connect may take.
    #[serde(default)]
    pub connect_timeout_s: f64,
    /// How long a client waits between a reply and its next request.
    #[serde(default)]
    pub think_s: f64,
    /// The cores of the generator, such as `0,2-3`; null is all.
    #[serde(default)]
    pub client_cpus: Option<String>,
    /// How connections close: `fin` or `reset`.
    pub close: String,
    /// How messages are written: `default` (one write, NODELAY) or `split` (in older records `article`).
    pub wire: String,
    /// What some requests are instead; null is none of them.
    #[serde(default)]
    pub beside: Option<AlternateInfo>,
    /// How unevenly requests are dealt to clients; null is evenly.
    #[serde(default)]
    pub skew: Option<SkewInfo>,
    /// All clients give up their connections at the multiples of this time; null is never.
    #[serde(default)]
    pub reconnect_every_s: Option<f64>,
    /// Another rate from some time on; null is the same to the end.
    #[serde(default)]
    pub then: Option<RateChangeInfo>,
}

/// A rate that a plan changes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateChangeInfo {
    /// When, counted from the window's begin.
    pub after_s: f64,
    /// Requests a second from then on.
    pub rate_rps: f64,
}

/// A few clients that make most of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SkewInfo {
    /// The share of the clients that are busy.
    pub clients_share: f64,
    /// The share of the requests that is theirs.
    pub requests_share: f64,
}

/// Another message that some requests are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlternateInfo {
    /// The method called.
    pub method: String,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, long ones shortened.
    #[serde(default)]
    pub params: Option<String>,
    /// One request in so many, drawn pseudo-randomly.
    pub one_in: u32,
}

/// When requests are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// When the client has its reply.
    Closed,
    /// Evenly spaced.
    Constant,
    /// At random, at a constant mean rate.
    Poisson,
}
