//! The other generators of a load, which make their parts of it at the same time.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::share::Share;
use crate::error::Error;
use crate::load::{GeneratorConfig, LoadPart};
use crate::record::LoadSpec;

/// A load that several generators make together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadOrder {
    /// The whole load.
    pub spec: LoadSpec,
    /// The address of the server.
    pub target: SocketAddr,
    /// The seed of the plan.
    pub seed: u64,
    /// How each generator runs, its part apart.
    pub generator: GeneratorConfig,
}

/// What the generators measured, as far as it could be had.
#[derive(Debug)]
pub struct Collected {
    /// The share of this process.
    pub own: Share,
    /// The shares of the others, in the order of their ranks.
    pub others: Vec<Share>,
    /// Why some are missing.
    pub error: Option<Error>,
}

/// The other generators of a load; this process is rank 0.
pub trait Peers: Debug {
    /// The part of the load that this process makes.
    fn part(&self) -> LoadPart;

    /// Gives all generators the load, and returns the common start when all are ready for it.
    ///
    /// # Errors
    /// When a generator cannot make its part: which one and why.
    fn begin(&self, order: &LoadOrder) -> Result<Instant, Error>;

    /// Waits until the requests of all generators have ended, or their drains: no connection is
    /// closed before.
    fn wait_for_drains(&self);

    /// Collects what all measured; `own` is the share of this process.
    fn collect(&self, own: Share) -> Collected;
}
