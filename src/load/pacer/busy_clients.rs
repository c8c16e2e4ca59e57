//! Which clients are the busy ones of a skewed plan.

use crate::record::Skew;

/// The clients of a plan in a random order; the first of them are busy.
///
/// A random order, so that the busy clients are not neighbours, which belong to one thread, and
/// not the first to connect.
#[derive(Debug)]
pub(crate) struct BusyClients {
    order: Vec<u32>,
    busy: usize,
}

impl BusyClients {
    pub(crate) fn new(skew: Skew, seed: u64, clients: usize) -> BusyClients {
        let mut order: Vec<u32> = (0..u32::try_from(clients).unwrap_or(u32::MAX)).collect();
        // Not the seed itself: the gaps are drawn from it.
        fastrand::Rng::with_seed(!seed).shuffle(&mut order);
        let busy = skew.busy(clients).min(order.len());
        BusyClients { order, busy }
    }

    /// The busy clients, in their order.
    pub(crate) fn busy(&self) -> &[u32] {
        &self.order[..self.busy]
    }

    /// The other clients, in their order; none if all are busy.
    pub(crate) fn others(&self) -> &[u32] {
        &self.order[self.busy..]
    }
}
