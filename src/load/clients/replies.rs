//! Receives, checks and records replies.

use super::core::Clients;
use super::failures::Failure;
use crate::load::pacer::planned::Pacer;
use crate::load::stamping::ReadBytes;
use crate::load::wire::{Clock, Wire};
use crate::protocol::{Frame, HEADER_BYTES};

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// Handles what this client has read into the buffer.
    pub(crate) fn take_in(&mut self, at: usize, read: &ReadBytes) {
        let bytes = read.bytes;
        let buffer = std::mem::take(&mut self.buffer);
        let mut inbox = std::mem::take(&mut self.clients[at].inbox);
        // A read nearly always returns whole replies. Then nothing is copied.
        let taken = if inbox.is_empty() {
            let taken = self.take_replies(at, &buffer[..bytes], read);
            inbox.extend_from_slice(&buffer[taken.unwrap_or(bytes)..bytes]);
            taken
        } else {
            inbox.extend_from_slice(&buffer[..bytes]);
            let taken = self.take_replies(at, &inbox, read);
            inbox.drain(..taken.unwrap_or(0));
            taken
        };
        self.buffer = buffer;
        if taken.is_some() {
            self.clients[at].inbox = inbox;
        }
        self.assign_due(read.read_ns);
        // Sends requests that were planned for this connection while it was busy.
        self.pump(at, read.read_ns);
    }

    /// Handles whole replies and returns their bytes; `None` if the connection was closed.
    fn take_replies(&mut self, at: usize, bytes: &[u8], read: &ReadBytes) -> Option<usize> {
        let mut taken = 0;
        loop {
            let unparsed = &bytes[taken..];
            match Frame::peek(unparsed, self.config.max_frame_bytes) {
                Frame::Partial(_) => return Some(taken),
                Frame::TooLong(_) => {
                    self.recorder.causes.not_a_message(unparsed);
                    self.fail(at, Failure::Protocol);
                    return None;
                }
                Frame::Whole(length) => {
                    taken += HEADER_BYTES + length;
                    let body = &unparsed[HEADER_BYTES..HEADER_BYTES + length];
                    if !self.take_reply(at, body, read, taken == bytes.len()) {
                        return None;
                    }
                }
            }
        }
    }

    /// Handles one reply; `is_last`: the read ended with it. Returns false if the connection was
    /// closed or reconnects after this reply.
    fn take_reply(&mut self, at: usize, body: &[u8], read: &ReadBytes, is_last: bool) -> bool {
        let now = read.read_ns;
        let client = &mut self.clients[at];
        let Some(flight) = client.flights.front().copied() else {
            self.recorder.causes.not_a_message(body);
            self.fail(at, Failure::Protocol);
            return false;
        };
        let message = self.config.message(flight.kind);
        if !message.is_answered_by(flight.tag, body) {
            self.recorder.wrong(body);
            client.result.got_reply |= self.recorder.concerns(flight.planned_ns, now);
            self.fail(at, Failure::Reply);
            return false;
        }
        let moments = self.moments(&flight, read, is_last);
        let client = &mut self.clients[at];
        if client.flights.len() == self.config.load.pipeline {
            // The pipeline was full until then. Any later send is scheduling delay of the generator.
            client.able_ns = moments.arrived_ns;
        }
        client.landed();
        client.failures = 0;
        client.on_connection += 1;
        let arrived_ns = moments.arrived_ns;
        if self.recorder.concerns(flight.planned_ns, arrived_ns) {
            client.result.waited(arrived_ns - flight.planned_ns);
            client.result.answered += 1;
            client.result.answered_planned +=
                u64::from(self.recorder.window().contains(flight.planned_ns));
            client.result.got_reply = true;
        }
        client.result.replies += u64::from(self.recorder.answered(&moments));
        let is_full = self.config.load.requests_per_connection == Some(client.on_connection);
        let has_none_in_flight = client.flights.is_empty();
        let has_expired = has_none_in_flight && self.has_expired(at, now);
        if has_expired {
            self.renew(at, now);
        } else if is_full {
            self.clients[at].disconnect(now);
            self.wire.close(at);
        }
        self.freed(at, now);
        !is_full && !has_expired
    }
}
