//! Reconnects of all clients at the same times.

use super::core::{CONNECTS_PER_ROUND, Clients};
use crate::load::client::ConnectionState;
use crate::load::pacer::planned::Pacer;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Whether this client must reconnect.
    pub(crate) fn has_expired(&self, at: usize, now: u64) -> bool {
        let client = &self.clients[at];
        !self.is_idle(at)
            && client.link == ConnectionState::Up
            && client.reconnects_seen < self.reconnect_times.reconnect_number(now)
    }

    /// Reconnects clients without requests in flight, at most [`CONNECTS_PER_ROUND`], so that
    /// replies are handled in between. Other clients reconnect after their reply. Returns the
    /// time of the next call, if there is one.
    pub(crate) fn leave_together(&mut self, now: u64) -> Option<u64> {
        let is_due = self
            .reconnect_times
            .next_ns
            .is_some_and(|at_ns| now >= at_ns);
        if is_due && self.reconnect_times.looking_at.is_none() {
            self.reconnect_times.looking_at = Some(0);
        }
        let Some(first) = self.reconnect_times.looking_at else {
            return self.reconnect_times.next_ns;
        };
        let mut reconnected = 0;
        for at in first..self.senders {
            if reconnected == CONNECTS_PER_ROUND {
                self.reconnect_times.looking_at = Some(at);
                return Some(now);
            }
            if self.has_expired(at, now) && self.clients[at].flights.is_empty() {
                reconnected += 1;
                self.renew(at, now);
            }
        }
        self.reconnect_times.looking_at = None;
        self.reconnect_times.move_on(now);
        self.reconnect_times.next_ns
    }

    /// Closes the connection of this client and, before the window's end, reconnects at once.
    pub(crate) fn renew(&mut self, at: usize, now: u64) {
        self.clients[at].disconnect(now);
        self.wire.close(at);
        if now < self.reconnect_times.end_ns {
            self.connect(at, now);
        } else {
            // In the drain, reconnect only if requests wait to be sent.
            self.pump(at, now);
        }
    }
}
