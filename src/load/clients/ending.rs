//! The end of a load: of its window, of the sending, and of the drain.

use super::core::Clients;
use crate::load::client::{Client, ClientResult, ConnectionState};
use crate::load::pacer::planned::Pacer;
use crate::load::recorder::Recorder;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Whether all planned requests have ended, so that the drain is over.
    pub fn is_drained(&self) -> bool {
        self.clients
            .iter()
            .all(|client| client.flights.is_empty() && client.waiting.is_empty())
            && self.tasks.is_empty()
    }

    /// Ends the window at this time, if that is earlier than planned. Nothing planned from then
    /// on is counted or waited for.
    pub fn end_window(&mut self, to_ns: u64) {
        if to_ns < self.recorder.window().to_ns {
            self.recorder.end_window(to_ns);
            self.reconnect_times
                .end_window(self.recorder.window().to_ns);
        }
    }

    /// Ends the sending at this time. What is sent after the window is in no figure.
    pub fn end_load(&mut self, at_ns: u64) {
        self.load_end_ns = at_ns;
    }

    /// When the sending ends: no earlier than the window.
    pub fn load_end_ns(&self) -> u64 {
        self.recorder.window().to_ns.max(self.load_end_ns)
    }

    /// Ends the load and closes all connections. Unanswered requests are recorded at their age.
    ///
    /// `now` is the end of the drain; it may be in the past.
    pub fn finish(mut self, now: u64) -> (Recorder, Vec<ClientResult>) {
        self.assign_due(now);
        for at in 0..self.senders {
            let client = &mut self.clients[at];
            let in_flight = client.flights.drain(..).map(|flight| flight.planned_ns);
            let waiting = client.waiting.drain(..).map(|waiting| waiting.planned_ns);
            for planned_ns in in_flight.chain(waiting) {
                if self.recorder.unanswered(planned_ns, now) {
                    client.result.waited(now - planned_ns);
                    client.result.unanswered += 1;
                }
            }
        }
        for waiting in self.tasks.unassigned() {
            self.recorder.unanswered(waiting.planned_ns, now);
        }
        self.recorder.add_never_sent();
        self.recorder.saw_jumps(self.clock_jumps());
        let (senders, idle) = self.clients.split_at(self.senders);
        let up = |client: &&Client| client.link == ConnectionState::Up;
        let pending = |client: &&Client| match client.link {
            ConnectionState::Connecting { since_ns } => self.sees_connect(since_ns),
            _ => false,
        };
        let pending = self.clients.iter().filter(pending).count();
        self.recorder.connects.pending = pending as u64;
        self.recorder.idle_open = idle.iter().filter(up).count() as u64;
        self.recorder.held_bytes = self.clients.iter().map(Client::held_bytes).sum();
        let results = senders.iter().map(|client| client.result).collect();
        (self.recorder, results)
    }
}
