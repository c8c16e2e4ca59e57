//! Timeouts, failures and retries.

use std::time::Duration;

use super::core::{Clients, TIMEOUT_CHECK_NS};
use super::failures::{ConnectFailure, Failure, count};
use crate::load::client::ConnectionState;
use crate::load::nanos::nanos;
use crate::load::pacer::planned::Pacer;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Ends connects and requests that have timed out, and retries connects that are due.
    pub(crate) fn check_timeouts(&mut self, at: usize, now: u64) {
        let waited = |since: u64, limit: Duration| now.saturating_sub(since) >= nanos(limit);
        let load = &self.config.load;
        let client = &self.clients[at];
        match client.link {
            ConnectionState::Connecting { since_ns } if waited(since_ns, load.connect_timeout) => {
                self.give_up_connect(at, now, ConnectFailure::TimedOut);
            }
            ConnectionState::Up
                if client
                    .flights
                    .front()
                    .is_some_and(|flight| waited(flight.sent_ns, load.timeout)) =>
            {
                self.fail(at, Failure::Timeout);
            }
            ConnectionState::Down { .. } => self.pump(at, now),
            _ => {}
        }
    }

    /// Gives up a connect. Requests that wait for it stay queued, and their response time continues.
    pub(crate) fn give_up_connect(&mut self, at: usize, now: u64, why: ConnectFailure) {
        let since = self.clients[at].link;
        if matches!(since, ConnectionState::Connecting { since_ns } if self.sees_connect(since_ns))
        {
            let connects = &mut self.recorder.connects;
            *match why {
                ConnectFailure::Refused => &mut connects.refused,
                ConnectFailure::TimedOut => &mut connects.timed_out,
                ConnectFailure::Reset | ConnectFailure::Failed => &mut connects.failed,
            } += 1;
        }
        self.recorder.causes.not_connected(why);
        let is_of_load = matches!(since, ConnectionState::Connecting { since_ns }
            if since_ns < self.recorder.window().to_ns);
        if is_of_load {
            self.recorder.errors_at(now).connect += 1;
        }
        self.wire.close(at);
        let client = &mut self.clients[at];
        client.failures += 1;
        let backoff = client.backoff_ns().max(TIMEOUT_CHECK_NS);
        client.disconnect(now + backoff);
    }

    /// Closes a failed connection. All requests in flight on it are lost.
    pub(crate) fn fail(&mut self, at: usize, failure: Failure) {
        let now = self.clock.now_ns();
        self.wire.close(at);
        let idle = self.is_idle(at);
        let client = &mut self.clients[at];
        client.failures += 1;
        if failure == Failure::Closed && !client.inbox.is_empty() {
            self.recorder.causes.not_a_message(&client.inbox);
        }
        let backoff = client.backoff_ns();
        if idle {
            // An idle connection has no requests to lose; it is replaced.
            client.disconnect(now + backoff.max(TIMEOUT_CHECK_NS));
            self.recorder.idle_closed += u64::from(self.recorder.counts_errors(now));
            return;
        }
        client.disconnect(now + backoff);
        let end_ns = self.recorder.window().to_ns;
        let flights = client.flights.iter();
        let lost = flights.filter(|flight| flight.planned_ns < end_ns).count();
        let is_after_window = lost < client.flights.len() && lost == 0;
        for flight in client.flights.drain(..) {
            self.recorder.censored(flight.planned_ns, now);
            if self.recorder.concerns(flight.planned_ns, now) {
                client.result.waited(now - flight.planned_ns);
            }
            self.pacer.free(at, now);
            self.tasks.free(at);
        }
        self.recorder.causes.failed(failure);
        if !is_after_window {
            count(self.recorder.errors_at(now), failure, lost as u64);
        }
        self.pump(at, now);
    }
}
