//! Connections that all clients give up at the same moments.

use super::{CONNECTS_A_ROUND, Fleet};
use crate::load::client::Link;
use crate::load::pacer::Pacer;
use crate::load::wire::{Clock, Wire};

/// The moments: multiples of a time since the load began, up to the window's end.
#[derive(Debug)]
pub(super) struct Storm {
    /// How far apart they are; `None` is none at all.
    every_ns: Option<u64>,
    end_ns: u64,
    /// The next moment at which those that have nothing in flight are looked for, …
    next_ns: u64,
    /// … and who is next among them, while they are.
    looking_at: Option<usize>,
}

impl Storm {
    pub(super) fn new(every_ns: Option<u64>, end_ns: u64) -> Storm {
        let every_ns = every_ns.filter(|every_ns| *every_ns > 0);
        Storm {
            every_ns,
            end_ns,
            next_ns: every_ns.unwrap_or(u64::MAX),
            looking_at: None,
        }
    }

    /// The number of the last such moment: a connection that came up before it has expired.
    pub(super) fn beat(&self, now: u64) -> u64 {
        let last_ns = now.min(self.end_ns.saturating_sub(1));
        self.every_ns.map_or(0, |every_ns| last_ns / every_ns)
    }
}

impl<W: Wire, P: Pacer, C: Clock> Fleet<W, P, C> {
    /// Whether this client's connection is to be given up.
    pub(super) fn has_expired(&self, at: usize, now: u64) -> bool {
        let client = &self.clients[at];
        !self.is_idle(at) && client.link == Link::Up && client.beat < self.storm.beat(now)
    }

    /// Lets those leave that have nothing in flight, so many a round that replies are not
    /// forgotten meanwhile. The others leave when their reply has come. Returns when to come again.
    pub(super) fn leave_together(&mut self, now: u64) -> u64 {
        if now >= self.storm.next_ns && self.storm.looking_at.is_none() {
            self.storm.looking_at = Some(0);
        }
        let Some(first) = self.storm.looking_at else {
            return self.storm.next_ns;
        };
        let mut left = 0;
        for at in first..self.senders {
            if left == CONNECTS_A_ROUND {
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
    pub(super) fn renew(&mut self, at: usize, now: u64) {
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
