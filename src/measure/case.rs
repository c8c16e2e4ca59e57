//! One cell of the matrix: a server under a load.

use std::time::Duration;

use super::load_info;
use super::server_spec::ServerSpec;
use crate::attack::Attack;
use crate::load::Load;
use crate::record::{Cell, ServerIdentity};
use crate::scenario::RateSpec;

/// What starting and stopping a server takes, for the estimate of a run's time.
const AROUND_A_TRIAL: Duration = Duration::from_millis(120);

/// One cell of the matrix: an server_spec under a load.
#[derive(Debug, Clone)]
pub struct Case {
    /// Who.
    pub server_spec: ServerSpec,
    /// As it goes into the record; what the server resolves itself is filled in from its ready line.
    pub info: ServerIdentity,
    /// The load; its target is filled in when the server listens.
    pub load: Load,
    /// The name of the case, if the load is one of several that are told apart by more than it.
    pub scenario: Option<String>,
    /// What goes on beside the load.
    pub attack: Option<&'static Attack>,
    /// Where the load's rates are shares of what contestants can do.
    pub rate_spec: Option<RateSpec>,
}

impl Case {
    /// The contestant's name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether both are the same contestant under the same load.
    pub fn is_twin_of(&self, other: &Case) -> bool {
        (self.info.kind, self.name()) == (other.info.kind, other.name())
            && self.is_compared_with(other)
    }

    /// Whether both meet the same load.
    pub(crate) fn is_compared_with(&self, other: &Case) -> bool {
        self.scenario == other.scenario
            && self.rate_spec == other.rate_spec
            && load_info::of(&self.load) == load_info::of(&other.load)
    }

    /// About how long a trial takes.
    pub(crate) fn time(&self) -> Duration {
        self.load.warmup + self.load.duration + AROUND_A_TRIAL
    }

    /// Its cell, without trials.
    pub(crate) fn cell(&self) -> Cell {
        Cell {
            contestant: self.info.clone(),
            scenario: self.scenario.clone(),
            load: load_info::of(&self.load),
            trials: Vec::new(),
        }
    }
}
