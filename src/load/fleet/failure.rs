//! What fails, what is given up, and what is tried again.

use super::Fleet;
use super::LOOK_OVER_NS;
use crate::load::client::Link;
use crate::load::pacer::Pacer;
use crate::load::wire::{Clock, Wire};
use crate::record::ErrorCounts;

/// What went wrong on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Timeout,
    Reset,
    Protocol,
    Reply,
}

impl<W: Wire, P: Pacer, C: Clock> Fleet<W, P, C> {
    /// Gives up what takes too long, and tries again what may be tried again.
    pub(super) fn look_over(&mut self, at: usize, now: u64) {
        let late = |since: u64| now.saturating_sub(since) >= self.manners.timeout_ns;
        let client = &self.clients[at];
        match client.link {
            Link::Connecting { since_ns } if late(since_ns) => self.give_up_connect(at, now),
            Link::Up
                if client
                    .flights
                    .front()
                    .is_some_and(|flight| late(flight.sent_ns)) =>
            {
                self.fail(at, Failure::Timeout);
            }
            Link::Down { .. } => self.pump(at, now),
            _ => {}
        }
    }

    /// The request that wanted this connection goes on waiting: its time runs.
    pub(super) fn give_up_connect(&mut self, at: usize, now: u64) {
        if self.recorder.counts_errors(now) {
            self.recorder.errors.connect += 1;
        }
        self.wire.close(at);
        let client = &mut self.clients[at];
        client.failures += 1;
        let backoff = client.backoff_ns().max(LOOK_OVER_NS);
        client.disconnect(now + backoff);
    }

    /// The connection is lost and with it all that was in flight on it.
    pub(super) fn fail(&mut self, at: usize, failure: Failure) {
        let now = self.clock.now_ns();
        self.wire.close(at);
        let client = &mut self.clients[at];
        client.failures += 1;
        let backoff = client.backoff_ns();
        client.disconnect(now + backoff);
        let lost = client.flights.len();
        for flight in client.flights.drain(..) {
            self.recorder.censored(flight.planned_ns, now);
            if self.recorder.in_sample(flight.planned_ns, now) {
                let wait = &mut client.result.longest_wait_ns;
                *wait = (*wait).max(now - flight.planned_ns);
            }
            self.pacer.free(at, now);
        }
        if self.recorder.counts_errors(now) {
            count(&mut self.recorder.errors, failure, lost as u64);
        }
        self.pump(at, now);
    }
}

/// A lost connection counts once for each request that was lost with it, and at least once.
fn count(errors: &mut ErrorCounts, failure: Failure, lost: u64) {
    let lost = lost.max(1);
    match failure {
        Failure::Timeout => errors.timeout += lost,
        Failure::Reset => errors.reset += lost,
        Failure::Protocol => errors.protocol += lost,
        // One reply was wrong; what was behind it is lost with the connection.
        Failure::Reply => {
            errors.reply += 1;
            errors.reset += lost - 1;
        }
    }
}
