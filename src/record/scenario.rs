//! Scenarios and the results of their pilots.

use serde::{Deserialize, Serialize};

/// A scenario: a named load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// Its name, as in the field `scenario` of a cell.
    pub name: String,
    /// A description in one line.
    pub about: String,
    /// How to read its results.
    pub reads: String,
}

/// The capacity of a server in a short closed loop. Rates of open loops are shares of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pilot {
    /// The scenario's name, if the load belongs to a scenario.
    pub scenario: Option<String>,
    /// The server's name.
    pub contestant: String,
    /// Its workers, if `--workers` gave them; servers of a list have the same name.
    #[serde(default)]
    pub workers: Option<usize>,
    /// Connections that sent requests.
    pub clients: usize,
    /// Correct replies per second.
    pub throughput_rps: f64,
    /// Clients that got no correct reply.
    pub clients_unserved: usize,
}
