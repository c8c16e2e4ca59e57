//! What fails, what is given up, and what is tried again.

use super::Fleet;
use super::LOOK_OVER_NS;
use crate::load::client::Link;
use crate::load::pacer::Pacer;
use crate::load::wire::{Clock, Wire};
use crate::record::ErrorCounts;

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoConnect {
    Refused,
    TimedOut,
    /// Whatever else the system said.
    Failed,
}

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
            Link::Connecting { since_ns }
                if now.saturating_sub(since_ns) >= self.manners.connect_timeout_ns =>
            {
                self.give_up_connect(at, now, NoConnect::TimedOut);
            }
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
    pub(super) fn give_up_connect(&mut self, at: usize, now: u64, why: NoConnect) {
        let since = self.clients[at].link;
        if matches!(since, Link::Connecting { since_ns } if self.sees_connect(since_ns)) {
            let connects = &mut self.recorder.connects;
            *match why {
                NoConnect::Refused => &mut connects.refused,
                NoConnect::TimedOut => &mut connects.timed_out,
                NoConnect::Failed => &mut connects.failed,
            } += 1;
        }
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
        let idle = self.is_idle(at);
        let client = &mut self.clients[at];
        client.failures += 1;
        let backoff = client.backoff_ns();
        if idle {
            // It asked for nothing, so nothing is lost; another takes its place.
            client.disconnect(now + backoff.max(LOOK_OVER_NS));
            self.recorder.idle_closed += u64::from(self.recorder.counts_errors(now));
            return;
        }
        client.disconnect(now + backoff);
        let lost = client.flights.len();
        for flight in client.flights.drain(..) {
            self.recorder.censored(flight.planned_ns, now);
            if self.recorder.in_sample(flight.planned_ns, now) {
                client.result.waited(now - flight.planned_ns);
            }
            self.pacer.free(at, now);
            self.tasks.free(at);
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
