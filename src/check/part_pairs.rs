//! The pairs of one server: all that its verdict follows from.

use crate::record::{LoadKind, PairInfo, Part, PartLoad};

/// The pairs of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct PartPairs {
    /// The server's name.
    pub name: String,
    /// The scenario's name, if the load belongs to a scenario.
    pub scenario: Option<String>,
    /// Connections that send requests.
    pub clients: usize,
    /// The loads of each pair.
    pub loads: Vec<PartLoad>,
    /// The pairs, in their order.
    pub pairs: Vec<PairInfo>,
}

impl PartPairs {
    /// The kinds of its loads.
    pub fn kinds(&self) -> Vec<LoadKind> {
        self.loads.iter().map(|load| load.load).collect()
    }
}

impl From<&Part> for PartPairs {
    /// The pairs of a part of a record.
    fn from(part: &Part) -> PartPairs {
        PartPairs {
            name: part.name.clone(),
            scenario: part.scenario.clone(),
            clients: part.clients,
            loads: part.loads.clone(),
            pairs: part.pairs.clone(),
        }
    }
}
