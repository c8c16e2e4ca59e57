//! The clients of one thread, without a socket and without a clock of their own.
//!
//! A [`Fleet`] is told what happens (connected, readable, writable, time
//! passes) and acts through a [`Wire`]. The same code therefore runs on real
//! sockets and, in tests, against a scripted server under a fake clock, where
//! every figure can be checked exactly.

use std::io;

use super::client::{Client, ClientResult, Flight, Link};
use super::message::Message;
use super::pacer::Pacer;
use super::recorder::Recorder;
use crate::protocol::{Frame, HEADER_BYTES};
use crate::record::ErrorCounts;

/// Connects begun before what happens on those that stand is looked at again.
const CONNECTS_A_ROUND: usize = 64;
/// How often clients are looked over for timeouts.
const LOOK_OVER_NS: u64 = 20_000_000;
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// The connections of a fleet.
pub trait Wire {
    /// Begins to connect; how it ends is told by [`Fleet::connected`] or [`Fleet::refused`].
    ///
    /// # Errors
    /// When it cannot even begin.
    fn connect(&mut self, client: usize) -> io::Result<()>;

    /// Sends what it can of `bytes`, without waiting.
    ///
    /// # Errors
    /// `WouldBlock`, or that the connection is broken.
    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize>;

    /// Receives what is there, without waiting; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock`, or that the connection is broken.
    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize>;

    /// Closes the connection, if there is one.
    fn close(&mut self, client: usize);
}

/// Tells the time in nanoseconds since the load began.
pub trait Clock {
    /// Now.
    fn now_ns(&self) -> u64;
}

/// How each client behaves.
#[derive(Debug, Clone)]
pub struct Manners {
    /// What it sends.
    pub message: Message,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// A connection ends after so many replies; `None` is never.
    pub requests_per_connection: Option<u32>,
    /// How long a reply, or a connect, may take.
    pub timeout_ns: u64,
    /// The longest reply that is believed.
    pub max_frame_bytes: usize,
}

/// What went wrong on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Timeout,
    Reset,
    Protocol,
    Reply,
}

/// The clients of one thread.
#[derive(Debug)]
pub struct Fleet<W, P, C> {
    clients: Vec<Client>,
    wire: W,
    pacer: P,
    clock: C,
    manners: Manners,
    recorder: Recorder,
    /// Clients up to here have been asked to connect.
    begun: usize,
    look_over_at_ns: u64,
    scratch: Vec<u8>,
    buffer: Vec<u8>,
}

impl<W: Wire, P: Pacer, C: Clock> Fleet<W, P, C> {
    /// `clients` clients that have not begun yet.
    pub fn new(
        clients: usize,
        manners: Manners,
        recorder: Recorder,
        wire: W,
        pacer: P,
        clock: C,
    ) -> Fleet<W, P, C> {
        let scratch = Vec::with_capacity(manners.message.frame_bytes());
        Fleet {
            clients: (0..clients)
                .map(|_| Client::new(manners.pipeline))
                .collect(),
            wire,
            pacer,
            clock,
            manners,
            recorder,
            begun: 0,
            look_over_at_ns: 0,
            scratch,
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Does what is due by now: connects, sends, gives up. Returns when to come again at the latest.
    pub fn advance(&mut self) -> u64 {
        let now = self.clock.now_ns();
        self.hand_out(now);
        let end = self.clients.len().min(self.begun + CONNECTS_A_ROUND);
        for at in std::mem::replace(&mut self.begun, end)..end {
            self.pump(at, now);
        }
        if now >= self.look_over_at_ns {
            self.look_over_at_ns = now + LOOK_OVER_NS;
            for at in 0..self.begun {
                self.look_over(at, now);
            }
        }
        if self.begun < self.clients.len() {
            now
        } else {
            self.look_over_at_ns
                .min(self.pacer.next_ns().unwrap_or(u64::MAX))
        }
    }

    /// The connect of this client has succeeded.
    pub fn connected(&mut self, at: usize) {
        let now = self.clock.now_ns();
        let Link::Connecting { since_ns } = self.clients[at].link else {
            return;
        };
        self.clients[at].link = Link::Up;
        // Of persistent connections the connects lie before the window, and that is where they are seen.
        if since_ns < self.recorder.window().to_ns {
            self.recorder.connected(since_ns, now);
        }
        self.pump(at, now);
    }

    /// The connect of this client has failed.
    pub fn refused(&mut self, at: usize) {
        if self.is_connecting(at) {
            let now = self.clock.now_ns();
            self.give_up_connect(at, now);
        }
    }

    /// Whether this client waits for its connect.
    pub fn is_connecting(&self, at: usize) -> bool {
        matches!(self.clients[at].link, Link::Connecting { .. })
    }

    /// The connections.
    pub fn wire(&mut self) -> &mut W {
        &mut self.wire
    }

    /// There may be something to receive; with `to_the_end` also the end itself.
    pub fn readable(&mut self, at: usize, to_the_end: bool) {
        while self.clients[at].link == Link::Up {
            match self.wire.receive(at, &mut self.buffer) {
                Ok(0) => return self.fail(at, Failure::Reset),
                Ok(bytes) => {
                    let now = self.clock.now_ns();
                    self.take_in(at, bytes, now);
                    if bytes < READ_BYTES && !to_the_end {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.fail(at, Failure::Reset),
            }
        }
    }

    /// There may be room to send.
    pub fn writable(&mut self, at: usize) {
        if self.clients[at].link == Link::Up {
            self.flush(at);
        }
    }

    /// Whether nothing is in flight any more, so that the drain is over.
    pub fn is_drained(&self) -> bool {
        self.clients.iter().all(|client| {
            let fresh = self.manners.requests_per_connection.is_some() && client.link != Link::Up;
            let to_come = fresh && matches!(client.link, Link::Connecting { .. });
            client.flights.is_empty() && !to_come
        })
    }

    /// So far: what was recorded.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Ends the load: what is not answered is entered at its age. Connections close with the fleet.
    pub fn finish(mut self) -> (Recorder, Vec<ClientResult>) {
        let now = self.clock.now_ns();
        for client in &mut self.clients {
            let in_flight = client.flights.drain(..).map(|flight| flight.planned_ns);
            for planned_ns in in_flight.chain(client.waiting.drain(..)) {
                if self.recorder.in_sample(planned_ns, now) {
                    self.recorder.unanswered += 1;
                    self.recorder.censored(planned_ns, now);
                    let wait = &mut client.result.longest_wait_ns;
                    *wait = (*wait).max(now - planned_ns);
                }
            }
        }
        let results = self.clients.iter().map(|client| client.result).collect();
        (self.recorder, results)
    }

    /// Gives the requests that are due to their clients, as long as the window lasts.
    fn hand_out(&mut self, now: u64) {
        while now < self.recorder.window().to_ns {
            let Some(planned) = self.pacer.due(now) else {
                return;
            };
            self.clients[planned.client]
                .waiting
                .push_back(planned.at_ns);
            if planned.client < self.begun {
                self.pump(planned.client, now);
            }
        }
    }

    /// Sends, or connects, if this client has anything to send and may.
    fn pump(&mut self, at: usize, now: u64) {
        let client = &self.clients[at];
        if client.waiting.is_empty() {
            return;
        }
        let over = now >= self.recorder.window().to_ns;
        match client.link {
            Link::Down { retry_ns } if retry_ns <= now && !over => {
                self.clients[at].link = Link::Connecting { since_ns: now };
                if self.wire.connect(at).is_err() {
                    self.give_up_connect(at, now);
                }
            }
            Link::Down { .. } | Link::Connecting { .. } => {}
            Link::Up => {
                // Where each connection has its own requests, one that was begun is also used.
                let fresh = client.on_connection == 0 && client.flights.is_empty();
                if !over || (fresh && self.manners.requests_per_connection.is_some()) {
                    self.send_waiting(at);
                }
            }
        }
    }

    fn send_waiting(&mut self, at: usize) {
        let left = self
            .manners
            .requests_per_connection
            .map_or(usize::MAX, |most| {
                let client = &self.clients[at];
                (most - client.on_connection) as usize - client.flights.len()
            });
        let room = (self.manners.pipeline - self.clients[at].flights.len()).min(left);
        for _ in 0..room {
            let client = &mut self.clients[at];
            let Some(planned_ns) = client.waiting.pop_front() else {
                break;
            };
            client.sequence += 1;
            let tag = ((at as u64) << 40) | (client.sequence & ((1 << 40) - 1));
            self.scratch.clear();
            self.manners.message.write(tag, &mut self.scratch);
            let sent_ns = self.clock.now_ns();
            client.flights.push_back(Flight {
                planned_ns,
                sent_ns,
                tag,
            });
            client.outbox.extend_from_slice(&self.scratch);
        }
        self.flush(at);
    }

    fn flush(&mut self, at: usize) {
        while !self.clients[at].outbox.is_empty() {
            let outbox = &mut self.clients[at].outbox;
            match self.wire.send(at, outbox) {
                Ok(bytes) if bytes == outbox.len() => outbox.clear(),
                Ok(bytes) => drop(outbox.drain(..bytes)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.fail(at, Failure::Reset),
            }
        }
    }

    /// The first `bytes` of the buffer came for this client at `now`.
    fn take_in(&mut self, at: usize, bytes: usize, now: u64) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut inbox = std::mem::take(&mut self.clients[at].inbox);
        // Nearly always a read holds whole replies, and nothing is copied.
        let taken = if inbox.is_empty() {
            let taken = self.take_replies(at, &buffer[..bytes], now);
            inbox.extend_from_slice(buffer[..bytes].get(taken..).unwrap_or_default());
            taken
        } else {
            inbox.extend_from_slice(&buffer[..bytes]);
            let taken = self.take_replies(at, &inbox, now);
            inbox.drain(..taken.min(inbox.len()));
            taken
        };
        self.buffer = buffer;
        if taken != usize::MAX {
            self.clients[at].inbox = inbox;
        }
        self.hand_out(now);
    }

    /// How many bytes whole replies took; `usize::MAX` when the connection was given up.
    fn take_replies(&mut self, at: usize, bytes: &[u8], now: u64) -> usize {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            match Frame::peek(rest, self.manners.max_frame_bytes) {
                Frame::Partial(_) => return taken,
                Frame::TooLong(_) => {
                    self.fail(at, Failure::Protocol);
                    return usize::MAX;
                }
                Frame::Whole(length) => {
                    if !self.take_reply(at, &rest[HEADER_BYTES..HEADER_BYTES + length], now) {
                        return usize::MAX;
                    }
                    taken += HEADER_BYTES + length;
                }
            }
        }
    }

    /// False when this was the last reply of its connection.
    fn take_reply(&mut self, at: usize, body: &[u8], now: u64) -> bool {
        let client = &mut self.clients[at];
        let Some(flight) = client.flights.front().copied() else {
            self.fail(at, Failure::Protocol);
            return false;
        };
        if !self.manners.message.is_answered_by(flight.tag, body) {
            self.fail(at, Failure::Reply);
            return false;
        }
        client.flights.pop_front();
        client.failures = 0;
        client.on_connection += 1;
        if self.recorder.in_sample(flight.planned_ns, now) {
            let wait = &mut client.result.longest_wait_ns;
            *wait = (*wait).max(now - flight.planned_ns);
        }
        client.result.replies += u64::from(self.recorder.answered(
            flight.planned_ns,
            flight.sent_ns,
            now,
        ));
        let last = self.manners.requests_per_connection == Some(client.on_connection);
        if last {
            client.disconnect(now);
            self.wire.close(at);
        }
        self.pacer.free(at, now);
        !last
    }

    /// Gives up what takes too long, and tries again what may be tried again.
    fn look_over(&mut self, at: usize, now: u64) {
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
    fn give_up_connect(&mut self, at: usize, now: u64) {
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
    fn fail(&mut self, at: usize, failure: Failure) {
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
