//! One cell of the matrix: a server under a load.

use std::rc::Rc;

use super::peers::Peers;
use super::server_spec::ServerSpec;
use crate::attack::AttackMode;
use crate::load::GeneratorConfig;
use crate::record::{Cell, LoadSpec, RoundsRule, ServerIdentity};
use crate::scenario::RateSpec;
use crate::sys::Cpus;

/// One cell of the matrix: a server under a load.
#[derive(Debug, Clone)]
pub struct Case {
    /// The server.
    pub server_spec: ServerSpec,
    /// The server's identity in the record; options that the server resolves itself are filled in
    /// from its ready line.
    pub info: ServerIdentity,
    /// The server's name for people: with its workers if the name alone does not identify it.
    pub label: String,
    /// The load.
    pub load: LoadSpec,
    /// How the generator runs.
    pub generator: GeneratorConfig,
    /// The scenario's name, if the load belongs to a scenario.
    pub scenario: Option<String>,
    /// The attack that runs during the load, and whether the server's resources are compared.
    pub attack_mode: AttackMode,
    /// The load's rates, if they are shares of the servers' capacity.
    pub rate_spec: Option<RateSpec>,
    /// The other generators of the load; `None` if this process makes it alone.
    pub peers: Option<Rc<dyn Peers>>,
}

impl Case {
    /// The server's name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// The cores that the server may use, if it was given some.
    pub(crate) fn server_cores(&self) -> Option<usize> {
        let cpus = self.info.options.cpus.as_deref()?;
        Some(cpus.parse::<Cpus>().ok()?.count())
    }

    /// The connections that this process makes.
    pub(crate) fn own_connections(&self) -> usize {
        let peers = self.peers.as_ref();
        let part = peers.map_or(self.generator.part, |peers| peers.part());
        part.of(self.load.clients).len() + part.of(self.load.idle).len()
    }

    /// Whether both are the same server under the same load.
    pub fn is_same_case_as(&self, other: &Case) -> bool {
        self.is_same_server_as(other) && self.is_compared_with(other)
    }

    /// Whether both have the same server. A list of `--workers` gives servers of one name.
    pub(crate) fn is_same_server_as(&self, other: &Case) -> bool {
        let of = |case: &Case| (case.info.kind, case.info.options.workers);
        of(self) == of(other) && self.name() == other.name()
    }

    /// Whether both have the same load.
    pub(crate) fn is_compared_with(&self, other: &Case) -> bool {
        self.scenario == other.scenario
            && self.rate_spec == other.rate_spec
            && self.load == other.load
    }

    /// A cell of the record without trials.
    pub(crate) fn cell(&self) -> Cell {
        Cell {
            contestant: self.info.clone(),
            scenario: self.scenario.clone(),
            load: self.load.recorded(),
            rounds: RoundsRule::Fixed,
            trials: Vec::new(),
        }
    }
}
