//! Requests that are due: whose they are, and how many may wait.

use std::collections::VecDeque;

use crate::load::client::Waiting;
use crate::load::pacer::{Assign, Planned};

/// Requests that wait to be sent, a thread: far over capacity the rest is never sent at all.
const MOST_WAITING: usize = 1 << 20;

/// Requests that are due and not sent.
#[derive(Debug)]
pub(super) struct Tasks {
    /// Places in flight that are free, where any client may take a request; else none are kept.
    free: Option<VecDeque<usize>>,
    /// What nobody has taken yet.
    unassigned: VecDeque<Waiting>,
    /// All that wait, the clients' own among them.
    waiting: usize,
}

impl Tasks {
    pub(super) fn new(clients: usize, pipeline: usize, assign: Assign) -> Tasks {
        let rounds = (0..pipeline).flat_map(|_| 0..clients);
        Tasks {
            free: (assign == Assign::Free).then(|| rounds.collect()),
            unassigned: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Whether no more can wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= MOST_WAITING
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unassigned.is_empty()
    }

    /// Another request is due: it comes back at once if it is its client's own.
    pub(super) fn add(&mut self, planned: Planned) -> Option<Planned> {
        self.waiting += 1;
        if self.free.is_some() {
            self.unassigned.push_back(Waiting {
                planned_ns: planned.at_ns,
                kind: planned.kind,
            });
            None
        } else {
            Some(planned)
        }
    }

    /// The next request that a free client can take.
    pub(super) fn next(&mut self) -> Option<Planned> {
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
    pub(super) fn taken(&mut self) {
        self.waiting -= 1;
    }

    /// A place in flight of this client is free.
    pub(super) fn free(&mut self, client: usize) {
        if let Some(free) = &mut self.free {
            free.push_back(client);
        }
    }

    /// What nobody has ever taken.
    pub(super) fn unassigned(&mut self) -> impl Iterator<Item = Waiting> {
        self.unassigned.drain(..)
    }
}
