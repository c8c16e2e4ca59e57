//! Connections that all clients give up at the same moments.

use super::core::{CONNECTS_PER_ROUND, Clients};
use crate::load::client::ConnectionState;
use crate::load::pacer::planned::Pacer;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Whether this client's connection is to be given up.
    pub(crate) fn has_expired(&self, at: usize, now: u64) -> bool {
        let client = &self.clients[at];
        !self.is_idle(at)
            && client.link == ConnectionState::Up
            && client.beat < self.storm.beat(now)
    }

    /// Lets those leave that have nothing in flight, so many a round that replies are not
    /// forgotten meanwhile. The others leave when their reply has come. Returns when to come again.
    pub(crate) fn leave_together(&mut self, now: u64) -> u64 {
        if now >= self.storm.next_ns && self.storm.looking_at.is_none() {
            self.storm.looking_at = Some(0);
        }
        let Some(first) = self.storm.looking_at else {
            return self.storm.next_ns;
        };
        let mut left = 0;
        for at in first..self.senders {
            if left == CONNECTS_PER_ROUND {
                self.storm.looking_at = Some(at);
                return now;
            }
            if self.has_expired(at, now) && self.clients[at].flights.is_empty() {
                left += 1;
                self.renew(at, now);
            }
        }
        self.storm.looking_at = None;
        let every_ns = self.storm.every_ns.unwrap_or(u64::MAX);
        let next_ns = (now / every_ns + 1).saturating_mul(every_ns);
        self.storm.next_ns = if next_ns < self.storm.end_ns {
            next_ns
        } else {
            u64::MAX
        };
        self.storm.next_ns
    }

    /// Gives up the connection of this client and, before the window's end, makes another at once.
    pub(crate) fn renew(&mut self, at: usize, now: u64) {
        self.clients[at].disconnect(now);
        self.wire.close(at);
        if now < self.storm.end_ns {
            self.connect(at, now);
        } else {
            // In the drain only for what is still to be sent.
            self.pump(at, now);
        }
    }
}
