//! Requests that are due and wait to be sent.

use std::collections::VecDeque;

use crate::load::client::QueuedRequest;
use crate::load::pacer::planned::Planned;
use crate::record::Assign;

/// The largest number of waiting requests per thread. Requests over it, which come only far over
/// capacity, are never sent.
const MAX_WAITING: usize = 1 << 20;

/// Requests that are due and not sent.
#[derive(Debug)]
pub(crate) struct PendingRequests {
    /// Free slots (as client indices) if any client may send a request ([`Assign::Free`]).
    free: Option<VecDeque<usize>>,
    /// Requests that are not assigned to a client yet.
    unassigned: VecDeque<QueuedRequest>,
    /// Number of all waiting requests, including those assigned to clients.
    waiting: usize,
}

impl PendingRequests {
    pub(crate) fn new(clients: usize, pipeline: usize, assign: Assign) -> PendingRequests {
        let slots = (0..pipeline).flat_map(|_| 0..clients);
        PendingRequests {
            free: (assign == Assign::Free).then(|| slots.collect()),
            unassigned: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Whether the queue is full.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting >= MAX_WAITING
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unassigned.is_empty()
    }

    /// Adds a request that is due. Returns it if it is bound to its client.
    pub(crate) fn add(&mut self, planned: Planned) -> Option<Planned> {
        self.waiting += 1;
        if self.free.is_some() {
            self.unassigned.push_back(QueuedRequest {
                planned_ns: planned.at_ns,
                kind: planned.kind,
            });
            None
        } else {
            Some(planned)
        }
    }

    /// Assigns the next request to a free client.
    pub(crate) fn next(&mut self) -> Option<Planned> {
        let free = self.free.as_mut()?;
        let waiting = *self.unassigned.front()?;
        let client = free.pop_front()?;
        self.unassigned.pop_front();
        Some(Planned {
            client,
            at_ns: waiting.planned_ns,
            kind: waiting.kind,
        })
    }

    /// Counts a waiting request as sent.
    pub(crate) fn taken(&mut self) {
        self.waiting -= 1;
    }

    /// Frees a slot of this client.
    pub(crate) fn free(&mut self, client: usize) {
        if let Some(free) = &mut self.free {
            free.push_back(client);
        }
    }

    /// Removes the requests that were never assigned.
    pub(crate) fn unassigned(&mut self) -> impl Iterator<Item = QueuedRequest> {
        self.unassigned.drain(..)
    }
}
