//! Sends the requests of a client.

use std::io;

use super::core::Clients;
use super::failures::Failure;
use crate::load::client::{InFlight, QueuedRequest, Stamp};
use crate::load::pacer::planned::Pacer;
use crate::load::stamping::Stamping;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Sends the requests that wait for this client, as many as may be in flight.
    pub(super) fn send_waiting(&mut self, at: usize) {
        let client = &self.clients[at];
        let remaining = self.config.load.requests_per_connection;
        let remaining =
            remaining.map(|most| (most - client.on_connection) as usize - client.flights.len());
        let free = self.config.load.pipeline - client.flights.len();
        let free_slots = remaining.map_or(free, |remaining| free.min(remaining));
        let first = client.flights.len();
        for _ in 0..free_slots {
            let client = &mut self.clients[at];
            let Some(QueuedRequest { planned_ns, kind }) = client.waiting.pop_front() else {
                break;
            };
            self.tasks.taken();
            client.sequence += 1;
            let client_number = (self.config.first_client + at) as u64;
            let tag = (client_number << 40) | (client.sequence & ((1 << 40) - 1));
            self.scratch.clear();
            self.config.message(kind).write(tag, &mut self.scratch);
            let able_ns = planned_ns.max(client.able_ns);
            client.flights.push_back(InFlight {
                planned_ns,
                kind,
                able_ns,
                sent_ns: able_ns,
                tag,
                stamp: Stamp::NotAsked,
            });
            client.outbox.extend_from_slice(&self.scratch);
        }
        self.send(at, first);
    }

    /// Sends what is in the outbox; the requests in flight from `first` on are new in it.
    fn send(&mut self, at: usize, first: usize) {
        let client = &mut self.clients[at];
        if client.flights.len() == first {
            return self.flush(at);
        }
        // A write has one stamp, that of its last byte.
        if self.stamping.as_mut().is_some_and(Stamping::draw) {
            client.ask_stamp();
        }
        let new = client.flights.range_mut(first..);
        // The clock is read last before the system call, and the delay is recorded after it:
        // what the generator does in between would count as the server's time.
        let sent_ns = self.clock.now_ns();
        for flight in new {
            flight.sent_ns = sent_ns;
            self.able_ns.push(flight.able_ns);
        }
        self.flush(at);
        for able_ns in self.able_ns.drain(..) {
            self.recorder.sent(able_ns, sent_ns);
        }
    }

    /// Writes what is in the outbox, as far as possible.
    pub(super) fn flush(&mut self, at: usize) {
        while !self.clients[at].outbox.is_empty() {
            let client = &self.clients[at];
            let is_stamped = client.stamps_asked > 0 && client.writes_stamped();
            let sent = match is_stamped {
                true => self.wire.send_stamped(at, client.unwritten()),
                false => self.wire.send(at, client.unwritten()),
            };
            match sent {
                Ok(bytes) => {
                    self.clients[at].wrote(bytes);
                    if is_stamped {
                        // On the loopback interface the stamp is there when the call returns.
                        self.take_send_stamps(at);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The system may have no send stamps. If it is the connection, the next send fails.
                Err(_) if is_stamped => self.clients[at].end_stamps(),
                Err(_) => return self.fail(at, Failure::Reset),
            }
        }
    }
}
