//! Requests that are due: whose they are, and how many may wait.

use std::collections::VecDeque;

use crate::load::client::QueuedRequest;
use crate::load::pacer::planned::Planned;
use crate::load::pacer::schedule::Assign;

/// Requests that wait to be sent, a thread: far over capacity the rest is never sent at all.
const MOST_WAITING: usize = 1 << 20;

/// Requests that are due and not sent.
#[derive(Debug)]
pub(crate) struct PendingRequests {
    /// Places in flight that are free, where any client may take a request; else none are kept.
    free: Option<VecDeque<usize>>,
    /// What nobody has taken yet.
    unassigned: VecDeque<QueuedRequest>,
    /// All that wait, the clients' own among them.
    waiting: usize,
}

impl PendingRequests {
    pub(crate) fn new(clients: usize, pipeline: usize, assign: Assign) -> PendingRequests {
        let rounds = (0..pipeline).flat_map(|_| 0..clients);
        PendingRequests {
            free: (assign == Assign::Free).then(|| rounds.collect()),
            unassigned: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Whether no more can wait.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting >= MOST_WAITING
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unassigned.is_empty()
    }

    /// Another request is due: it comes back at once if it is its client's own.
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

    /// The next request that a free client can take.
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

    /// A request that waited is being sent.
    pub(crate) fn taken(&mut self) {
        self.waiting -= 1;
    }

    /// A place in flight of this client is free.
    pub(crate) fn free(&mut self, client: usize) {
        if let Some(free) = &mut self.free {
            free.push_back(client);
        }
    }

    /// What nobody has ever taken.
    pub(crate) fn unassigned(&mut self) -> impl Iterator<Item = QueuedRequest> {
        self.unassigned.drain(..)
    }
}
