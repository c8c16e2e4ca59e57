//! Named loads, and what their pilots found.

use serde::{Deserialize, Serialize};

/// A named load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// Its name, as cells have it.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// What to look at in its figures.
    pub reads: String,
}

/// What a contestant does in a short closed loop, which rates of others are shares of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pilot {
    /// The scenario's name, if the load is one.
    pub scenario: Option<String>,
    /// Who.
    pub contestant: String,
    /// Connections that sent.
    pub clients: usize,
    /// Right replies a second.
    pub throughput_rps: f64,
    /// Clients that were left without a right reply.
    pub clients_unserved: usize,
}
