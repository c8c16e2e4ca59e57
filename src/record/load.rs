//! The load of a cell.

use serde::{Deserialize, Serialize};

/// The load of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadInfo {
    /// Connections that send requests.
    pub clients: usize,
    /// When requests are sent.
    pub mode: Mode,
    /// Requests per second over all clients; null in a closed loop.
    pub rate_rps: Option<f64>,
    /// Requests in flight per connection.
    pub pipeline: usize,
    /// Whether a request waits for the connection of its client (`bound`) or for any (`free`).
    pub assign: String,
    /// Replies per connection, after which it is closed; null is no limit.
    pub requests_per_connection: Option<u32>,
    /// The method called.
    pub method: String,
    /// Bytes of a request on the wire, including its length prefix of 4 bytes.
    pub request_bytes: usize,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, long ones shortened; null for pings, because each ping has its own tag.
    #[serde(default)]
    pub params: Option<String>,
    /// Additional connections that send nothing.
    pub idle: usize,
    /// Length of the window.
    pub duration_s: f64,
    /// Length of the warm-up.
    pub warmup_s: f64,
    /// The longest wait for a reply.
    pub timeout_s: f64,
    /// The longest wait for a connect.
    #[serde(default)]
    pub connect_timeout_s: f64,
    /// The time that a client waits between a reply and its next request.
    #[serde(default)]
    pub think_s: f64,
    /// The cores of the generator, such as `0,2-3`; null is all.
    #[serde(default)]
    pub client_cpus: Option<String>,
    /// How connections close: `fin` or `reset`.
    pub close: String,
    /// How messages are written: `default` (one write, NODELAY) or `split` (length and body in two
    /// writes; in older records `article`).
    pub wire: String,
    /// An alternate message that some requests are; null is none.
    #[serde(default)]
    pub beside: Option<AlternateInfo>,
    /// How unevenly requests are assigned to clients; null is evenly.
    #[serde(default)]
    pub skew: Option<SkewInfo>,
    /// All clients reconnect at the multiples of this time; null is never.
    #[serde(default)]
    pub reconnect_every_s: Option<f64>,
    /// A change of the rate inside the window; null is a constant rate.
    #[serde(default)]
    pub then: Option<RateChangeInfo>,
}

/// A change of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateChangeInfo {
    /// Time of the change, from the start of the window.
    pub after_s: f64,
    /// Requests per second after the change.
    pub rate_rps: f64,
}

/// A share of the clients makes most of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SkewInfo {
    /// The share of the clients that are busy, from 0 to 1.
    pub clients_share: f64,
    /// The share of the requests that the busy clients make, from 0 to 1.
    pub requests_share: f64,
}

/// An alternate message that some requests are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlternateInfo {
    /// The method called.
    pub method: String,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, long ones shortened.
    #[serde(default)]
    pub params: Option<String>,
    /// One request in this number is the alternate message, chosen pseudo-randomly.
    pub one_in: u32,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Closed loop: when the client has its reply.
    Closed,
    /// Open loop, evenly spaced.
    Constant,
    /// Open loop, a Poisson process.
    Poisson,
}
