//! The clients of one thread, independent of real sockets and of the real clock.
//!
//! [`Clients`] is driven by events (connected, readable, writable, time passes) and acts
//! through a [`Wire`]. So the same code runs on real sockets and, in tests, against a
//! scripted server with a fake clock, where every figure can be checked exactly.

use std::io;

use super::failures::{ConnectFailure, Failure};
use super::pending::PendingRequests;
use super::reconnect_times::ReconnectTimes;
use crate::load::client::{Client, ConnectionState, QueuedRequest};
use crate::load::client_config::ClientConfig;
use crate::load::nanos::nanos;
use crate::load::pacer::mix::Kind;
use crate::load::pacer::planned::{Pacer, Planned};
use crate::load::recorder::Recorder;
use crate::load::stamping::Stamping;
use crate::load::wire::{Clock, Wire};
use crate::record::Mode;

/// Connects per round. Between rounds, events of open connections are handled.
pub(crate) const CONNECTS_PER_ROUND: usize = 64;
/// Interval between two timeout checks.
pub(crate) const TIMEOUT_CHECK_NS: u64 = 20_000_000;
/// Bytes per read.
const READ_BYTES: usize = 64 << 10;

/// The clients of one thread.
#[derive(Debug)]
pub struct Clients<W, P, C> {
    pub(crate) clients: Vec<Client>,
    pub(crate) wire: W,
    pub(crate) pacer: P,
    pub(crate) clock: C,
    pub(crate) config: ClientConfig,
    pub(crate) recorder: Recorder,
    /// Number of clients that send. In `clients`, the idle connections follow them.
    pub(crate) senders: usize,
    /// How many have begun to connect: first the idle connections, then the clients.
    begun: usize,
    /// Due requests that have not been sent.
    pub(crate) tasks: PendingRequests,
    pub(crate) reconnect_times: ReconnectTimes,
    /// `None` without time stamps of the kernel.
    pub(crate) stamping: Option<Stamping>,
    next_timeout_check_ns: u64,
    /// When the sending ends, if that is after the window.
    pub(crate) load_end_ns: u64,
    /// The message that is just being written.
    pub(crate) scratch: Vec<u8>,
    /// When the requests that are just being sent could have been sent.
    pub(crate) able_ns: Vec<u64>,
    pub(crate) buffer: Vec<u8>,
}

impl<W: Wire, P: Pacer, C: Clock> Clients<W, P, C> {
    /// `clients` clients and the idle connections of their config. None of them has begun to connect.
    pub fn new(
        clients: usize,
        config: ClientConfig,
        mut recorder: Recorder,
        wire: W,
        pacer: P,
        clock: C,
    ) -> Clients<W, P, C> {
        let stamping = Stamping::new(&config.load, config.first_client as u64);
        if config.load.mode != Mode::Closed || stamping.is_some() {
            recorder.keep_delays();
        }
        let frame_bytes =
            [Kind::Usual, Kind::Alternate].map(|kind| config.message(kind).frame_bytes());
        let scratch = Vec::with_capacity(frame_bytes[0].max(frame_bytes[1]));
        let able_ns = Vec::with_capacity(config.load.pipeline);
        let tasks = PendingRequests::new(clients, config.load.pipeline, config.load.assign);
        let reconnect_times = ReconnectTimes::new(
            config.load.reconnect_every.map(nanos),
            recorder.window().to_ns,
        );
        Clients {
            clients: (0..clients + config.idle)
                .map(|_| Client::new(config.load.pipeline, config.load.write_mode))
                .collect(),
            senders: clients,
            wire,
            pacer,
            clock,
            config,
            recorder,
            begun: 0,
            tasks,
            reconnect_times,
            stamping,
            next_timeout_check_ns: 0,
            load_end_ns: 0,
            scratch,
            able_ns,
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Does what is due by now: connects, sends, checks timeouts. Returns the latest time of the next call.
    pub fn advance(&mut self) -> u64 {
        let now = self.clock.now_ns();
        self.assign_due(now);
        self.keep_realtime(now);
        self.begin_connects(now);
        let next_leave_ns = self.leave_together(now);
        if now >= self.next_timeout_check_ns {
            self.next_timeout_check_ns = now + TIMEOUT_CHECK_NS;
            for index in 0..self.begun {
                self.check_timeouts(self.nth_to_connect(index), now);
            }
        }
        let next_begins_ns =
            (self.begun < self.clients.len()).then(|| self.config.ramp.at_ns(self.begun).max(now));
        let end_ns = self.load_end_ns();
        let next_ns = self.pacer.next_ns().filter(|next_ns| *next_ns < end_ns);
        let others = [next_begins_ns, next_leave_ns, next_ns];
        let earliest = others.into_iter().flatten().min();
        earliest.map_or(self.next_timeout_check_ns, |next_ns| {
            next_ns.min(self.next_timeout_check_ns)
        })
    }

    /// Begins the connects that are due, at most [`CONNECTS_PER_ROUND`].
    fn begin_connects(&mut self, now: u64) {
        for _ in 0..CONNECTS_PER_ROUND {
            if self.begun == self.clients.len() || self.config.ramp.at_ns(self.begun) > now {
                return;
            }
            let at = self.nth_to_connect(self.begun);
            self.begun += 1;
            self.pump(at, now);
        }
    }

    /// The client that connects as number `index`: the idle connections come first.
    fn nth_to_connect(&self, index: usize) -> usize {
        match index.checked_sub(self.config.idle) {
            Some(client) => client,
            None => self.senders + index,
        }
    }

    fn has_begun(&self, client: usize) -> bool {
        self.config.idle + client < self.begun
    }

    pub(crate) fn is_idle(&self, at: usize) -> bool {
        at >= self.senders
    }

    /// Whether a connect that began at `since_ns` is counted. Persistent connections connect
    /// before the window, so their connects are counted there.
    pub(crate) fn sees_connect(&self, since_ns: u64) -> bool {
        let window = self.recorder.window();
        let persistent = self.config.is_persistent();
        since_ns < window.to_ns && (persistent || since_ns >= window.from_ns)
    }

    /// Handles the success of this client's connect.
    pub fn connected(&mut self, at: usize) {
        let now = self.clock.now_ns();
        let ConnectionState::Connecting { since_ns } = self.clients[at].link else {
            return;
        };
        self.clients[at].link = ConnectionState::Up;
        self.clients[at].able_ns = now;
        self.begin_stamps(at);
        // Counted from now, not from the start of the connect: a client whose connects take
        // longer than the reconnect interval would otherwise never send.
        self.clients[at].reconnects_seen = self.reconnect_times.reconnect_number(now);
        if self.sees_connect(since_ns) {
            self.recorder.connected(since_ns, now);
        }
        self.pump(at, now);
    }

    /// Handles the failure of this client's connect.
    pub fn not_connected(&mut self, at: usize, error: io::ErrorKind) {
        if self.is_connecting(at) {
            let why = match error {
                io::ErrorKind::ConnectionRefused => ConnectFailure::Refused,
                io::ErrorKind::TimedOut => ConnectFailure::TimedOut,
                io::ErrorKind::ConnectionReset => ConnectFailure::Reset,
                _ => ConnectFailure::Failed,
            };
            let now = self.clock.now_ns();
            self.give_up_connect(at, now, why);
        }
    }

    /// Whether this client waits for its connect.
    pub fn is_connecting(&self, at: usize) -> bool {
        matches!(self.clients[at].link, ConnectionState::Connecting { .. })
    }

    /// The connections.
    pub fn wire(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Receives what is available; with `to_the_end` also the end of the stream.
    pub fn readable(&mut self, at: usize, to_the_end: bool) {
        while self.clients[at].link == ConnectionState::Up {
            match self.receive(at) {
                Ok(read) if read.bytes == 0 => return self.fail(at, Failure::Closed),
                Ok(read) => {
                    self.take_in(at, &read);
                    if read.bytes < READ_BYTES && !to_the_end {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.fail(at, Failure::Reset),
            }
        }
    }

    /// Continues to send if a client has unwritten bytes.
    pub fn writable(&mut self, at: usize) {
        if self.clients[at].link == ConnectionState::Up {
            self.flush(at);
        }
    }

    /// The measurements so far.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Assigns the requests that are due, and planned before the end of the load, to their clients.
    pub(crate) fn assign_due(&mut self, now: u64) {
        let last_ns = now.min(self.load_end_ns() - 1);
        while let Some(planned) = self.pacer.due(last_ns) {
            self.recorder.planned(planned.at_ns);
            if self.tasks.is_full() {
                self.recorder.never_sent(planned.at_ns);
            } else if let Some(planned) = self.tasks.add(planned) {
                self.assign(planned, now);
            }
        }
        while let Some(planned) = self.tasks.next() {
            self.assign(planned, now);
        }
    }

    fn assign(&mut self, planned: Planned, now: u64) {
        let client = planned.client;
        let is_inside = self.recorder.window().contains(planned.at_ns);
        self.clients[client].result.planned += u64::from(is_inside);
        self.clients[client].waiting.push_back(QueuedRequest {
            planned_ns: planned.at_ns,
            kind: planned.kind,
        });
        if self.has_begun(client) {
            self.pump(client, now);
        }
    }

    /// Frees the client after its reply or the loss of its request.
    pub(crate) fn freed(&mut self, at: usize, now: u64) {
        self.pacer.free(at, now);
        self.tasks.free(at);
    }

    /// Sends or connects, if this client has a request to send and its state allows it.
    pub(crate) fn pump(&mut self, at: usize, now: u64) {
        let client = &self.clients[at];
        if client.waiting.is_empty() && !self.config.connects_first() && !self.is_idle(at) {
            return;
        }
        match client.link {
            ConnectionState::Down { retry_ns } if retry_ns <= now => self.connect(at, now),
            ConnectionState::Down { .. } | ConnectionState::Connecting { .. } => {}
            ConnectionState::Up if !self.has_expired(at, now) => self.send_waiting(at),
            ConnectionState::Up if client.flights.is_empty() => self.renew(at, now),
            // It reconnects after the replies to the requests in flight.
            ConnectionState::Up => {}
        }
    }

    pub(crate) fn connect(&mut self, at: usize, now: u64) {
        self.clients[at].link = ConnectionState::Connecting { since_ns: now };
        self.recorder.connects.begun += u64::from(self.sees_connect(now));
        if let Err(error) = self.wire.connect(at) {
            self.not_connected(at, error.kind());
        }
    }
}
