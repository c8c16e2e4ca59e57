//! A trial of a server of known behaviour, before and after it was run.

use super::servers::KnownServer;
use crate::record::{LoadSpec, Trial};

/// The seed of all plans: the truth of a plan that is drawn can then be computed. With this one the
/// waits in the plans of the check `md1` are those of theory.
pub(super) const SEED: u64 = 402;

/// A trial of a server of known behaviour.
#[derive(Debug, Clone)]
pub struct KnownTrial {
    /// The server.
    pub server: &'static KnownServer,
    /// The load.
    pub load: LoadSpec,
}

/// A trial that was run.
#[derive(Debug, Clone)]
pub struct Tried {
    /// What was run.
    pub known: KnownTrial,
    /// What was measured.
    pub trial: Trial,
    /// When requests arrived, in nanoseconds since the first; empty if the server does not record
    /// it.
    pub arrivals_ns: Vec<u64>,
}
