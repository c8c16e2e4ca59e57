//! The kernel's time stamps of requests and replies.

use std::io;

use super::core::Clients;
use crate::load::client::{InFlight, Stamp};
use crate::load::delays::{Arrival, Moments};
use crate::load::pacer::planned::Pacer;
use crate::load::stamping::ReadBytes;
use crate::load::wire::{Clock, Wire};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Begins to stamp a new connection.
    pub(crate) fn begin_stamps(&mut self, at: usize) {
        if self.stamping.is_some() {
            let next_byte = self.wire.enable_stamps(at);
            self.clients[at].begin_stamps(next_byte);
        }
    }

    /// Reads both clocks if that is due.
    pub(crate) fn keep_realtime(&mut self, now: u64) {
        if let Some(stamping) = &mut self.stamping {
            stamping.clock.keep(&self.clock, now);
        }
    }

    /// Receives what is available into the buffer.
    pub(crate) fn receive(&mut self, at: usize) -> io::Result<ReadBytes> {
        let stamped = self.stamping.as_mut();
        let Some(stamping) = stamped.filter(|_| self.clients[at].is_stamped) else {
            return Ok(ReadBytes {
                bytes: self.wire.receive(at, &mut self.buffer)?,
                read_ns: self.clock.now_ns(),
                real_ns: None,
            });
        };
        let received = self.wire.receive_stamped(at, &mut self.buffer)?;
        let read_ns = stamping.clock.read(&self.clock);
        if self.clients[at].stamps_asked > 0 {
            self.take_send_stamps(at);
        }
        Ok(ReadBytes {
            bytes: received.bytes,
            read_ns,
            real_ns: received.last_real_ns,
        })
    }

    /// Takes the send stamps that there are.
    pub(crate) fn take_send_stamps(&mut self, at: usize) {
        while let Some(stamp) = self.wire.send_stamp(at) {
            self.clients[at].take_stamp(stamp);
        }
    }

    /// The moments of a request whose reply this read brought. `is_last`: the read ended with it.
    pub(crate) fn moments(&self, flight: &InFlight, read: &ReadBytes, is_last: bool) -> Moments {
        let convert = |real_ns: u64, latest_ns: u64| {
            let stamping = self.stamping.as_ref()?;
            stamping.clock.within(real_ns, flight.sent_ns, latest_ns)
        };
        let stamp_ns = read
            .real_ns
            .and_then(|real_ns| convert(real_ns, read.read_ns));
        let arrived_ns = stamp_ns.unwrap_or(read.read_ns);
        let left_ns = match flight.stamp {
            Stamp::At { real_ns } => convert(real_ns, arrived_ns),
            Stamp::NotAsked | Stamp::Asked { .. } => None,
        };
        Moments {
            planned_ns: flight.planned_ns,
            able_ns: flight.able_ns,
            sent_ns: flight.sent_ns,
            left_ns,
            arrived_ns,
            read_ns: read.read_ns,
            arrival: match (stamp_ns, is_last) {
                (None, _) => Arrival::Read,
                (Some(_), false) => Arrival::Inexact,
                (Some(_), true) => Arrival::Exact,
            },
        }
    }

    /// How often the real-time clock jumped.
    pub(crate) fn clock_jumps(&self) -> u64 {
        let stamping = self.stamping.as_ref();
        stamping.map_or(0, |stamping| stamping.clock.jumps)
    }
}
