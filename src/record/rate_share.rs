//! How the rate of an open loop was derived from the capacity of a server.

use serde::{Deserialize, Serialize};

/// The server whose capacity a share refers to, among the servers that serve all clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CapacityOf {
    /// The server with the lowest capacity.
    Weakest,
    /// The server with the highest capacity.
    Strongest,
}

/// A rate that is a share of the capacity that a pilot measured. The record has the pilots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateShare {
    /// The share; 0.5 is half of the capacity.
    pub share: f64,
    /// Which server's capacity.
    pub of: CapacityOf,
    /// The name of that server.
    pub contestant: String,
    /// Its workers, if `--workers` gave them.
    #[serde(default)]
    pub workers: Option<usize>,
    /// Its capacity: correct replies per second in its pilot, a closed loop.
    pub capacity_rps: f64,
}
