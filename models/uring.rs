//! One process, one io_uring: the kernel accepts and receives by itself, and
//! its results and the replies go over in batches, one system call for many
//! connections. It breaks where `async` does, when a handler computes for long,
//! and it needs Linux 6.1 and a sandbox that permits io_uring.

use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::server::{
    Active, BusyPoll, Completion, CompletionAccept, CompletionConnection, Group, Operation,
    Progress, Ring, RingSize, ServeModel, Server, TimerQueue, Token, close_with_reset,
};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Uring;

impl ServeModel for Uring {
    fn name(&self) -> &'static str {
        "uring"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["io_uring"]
    }

    fn about(&self) -> &'static str {
        "one process, one io_uring loop over many connections"
    }

    fn busy_polls(&self) -> bool {
        true
    }

    fn group(&self) -> Group {
        Group::Modern
    }

    fn unavailable(&self) -> Option<String> {
        Ring::unavailable()
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let mut uring_loop = UringLoop {
            ring: Ring::new(RingSize::SERVER)?,
            state: State::new(server)?,
        };
        uring_loop.ring.poll(server.stop());
        server.meter().serving();
        while !uring_loop.state.is_over() {
            uring_loop.wait()?;
            uring_loop.serve_ready();
        }
        Ok(())
    }
}

struct UringLoop<'s> {
    /// Dropped first: the kernel must not use the connections' descriptors any more.
    ring: Ring,
    state: State<'s>,
}

/// A connection, and the operations that the kernel has of it.
struct Entry<'s> {
    token: Token,
    stream: TcpStream,
    connection: CompletionConnection,
    queued: bool,
    /// It is closed when its last operation has ended.
    closing: bool,
    _active: Active<'s>,
}

/// All but the ring.
struct State<'s> {
    server: &'s Server<'s>,
    acceptor: CompletionAccept<'s>,
    connections: Slab<Entry<'s>>,
    /// Connections that are not closing.
    open: usize,
    /// The number of the next connection: a completion of an earlier one with the same key is told
    /// apart by it.
    generation: u32,
    /// Connections with something to do.
    ready: VecDeque<usize>,
    /// Ends of reply delays.
    timers: TimerQueue,
    busy_poll: BusyPoll,
    next_sweep: Instant,
    /// When the loop was last woken.
    now: Instant,
    stopping: bool,
}

impl UringLoop<'_> {
    /// Submits what was queued, waits, and records the completions.
    fn wait(&mut self) -> io::Result<()> {
        let (ring, state) = (&mut self.ring, &mut self.state);
        ring.wait(state.timeout())?;
        state.now = Instant::now();
        let mut stop = false;
        let completions = ring.complete(|completion| match completion {
            Completion::Accepted { result, more } => state.acceptor.accepted(result, more),
            Completion::Readable => stop = true,
            Completion::Received {
                token,
                result,
                more,
            } => state.completed(token, |connection, now| {
                connection.received(result, more, now);
                true
            }),
            Completion::Sent {
                token,
                result,
                bytes,
            } => state.completed(token, |connection, now| {
                connection.sent(result, bytes, now);
                !connection.waits_for_peer()
            }),
        });
        if completions > 0 {
            state.busy_poll.restart();
        }
        if stop && !state.server.stop().requested() {
            ring.poll(state.server.stop());
        } else if stop {
            state.stop(ring);
        }
        Ok(())
    }

    /// One turn for each ready connection, so that none can starve.
    fn serve_ready(&mut self) {
        let (ring, state) = (&mut self.ring, &mut self.state);
        while let Some((key, at)) = state.timers.pop_due(state.now) {
            state.wake(key, at);
        }
        for _ in 0..state.ready.len() {
            let Some(key) = state.ready.pop_front() else {
                break;
            };
            state.drive(ring, key);
        }
        while let Some(stream) = state.acceptor.accept(ring, state.open) {
            state.add_connection(ring, stream);
        }
        if state.next_sweep <= state.now {
            state.sweep(ring);
        }
    }
}

impl<'s> State<'s> {
    fn new(server: &'s Server<'_>) -> io::Result<State<'s>> {
        let now = Instant::now();
        Ok(State {
            server,
            acceptor: CompletionAccept::new(server)?,
            connections: Slab::new(),
            open: 0,
            generation: 0,
            ready: VecDeque::new(),
            timers: TimerQueue::default(),
            busy_poll: BusyPoll::new(server.limits()),
            next_sweep: now,
            now,
            stopping: false,
        })
    }

    fn is_over(&self) -> bool {
        let drain_is_over = || {
            let deadline = self.server.stop().deadline();
            deadline.is_some_and(|deadline| deadline <= Instant::now())
        };
        self.stopping && (self.connections.is_empty() || drain_is_over())
    }

    /// How long the loop may sleep.
    fn timeout(&mut self) -> Duration {
        if !self.ready.is_empty() {
            return Duration::ZERO;
        }
        let stop = self.server.stop();
        let drain_end = self.stopping.then(|| stop.deadline()).flatten();
        let ends = [self.timers.next(), self.acceptor.paused_until(), drain_end];
        let next = ends
            .into_iter()
            .flatten()
            .fold(self.next_sweep, Instant::min);
        self.busy_poll.sleep_until(next)
    }

    /// Reports a completion to its connection, which is queued if that gives it something to do;
    /// none if its entry was used anew.
    fn completed(
        &mut self,
        token: Token,
        report: impl FnOnce(&mut CompletionConnection, Instant) -> bool,
    ) {
        let entry = self.connections.get_mut(token.index());
        if let Some(entry) = entry.filter(|entry| entry.token == token)
            && (report(&mut entry.connection, self.now) || entry.closing)
        {
            self.queue(token.index());
        }
    }

    fn add_connection(&mut self, ring: &mut Ring, stream: TcpStream) {
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        self.generation = self.generation.wrapping_add(1);
        entry.insert(Entry {
            token: Token::new(key, self.generation),
            stream,
            connection: CompletionConnection::new(
                self.server.conversation(),
                self.server.limits().idle_timeout,
                key,
                self.now,
            ),
            queued: false,
            closing: false,
            _active: self.server.meter().connection(),
        });
        self.open += 1;
        // Its first step begins to receive.
        self.drive(ring, key);
    }

    fn drive(&mut self, ring: &mut Ring, key: usize) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        entry.queued = false;
        if entry.closing {
            self.remove_if_ended(key);
            return;
        }
        let server = self.server;
        let drive = || {
            let call = |conversation: &mut _| server.call(conversation);
            entry
                .connection
                .drive(call, &mut self.timers, Instant::now())
        };
        // A panic of a handler closes only its own connection.
        let progress = catch_unwind(AssertUnwindSafe(drive));
        entry.submit(ring);
        match progress {
            Ok(Ok(Progress::Waits | Progress::Calls)) => {}
            Ok(Ok(Progress::Again)) => self.queue(key),
            Ok(Ok(Progress::Closes { faulty })) => self.close(ring, key, faulty),
            Ok(Err(_)) => self.close(ring, key, true),
            Err(_) => {
                self.server.meter().panic();
                self.close(ring, key, false);
            }
        }
    }

    fn queue(&mut self, key: usize) {
        let entry = self.connections.get_mut(key);
        if entry.is_some_and(|entry| !std::mem::replace(&mut entry.queued, true)) {
            self.ready.push_back(key);
        }
    }

    fn wake(&mut self, key: usize, at: Instant) {
        let now = self.now;
        let entry = self.connections.get_mut(key);
        if entry.is_some_and(|entry| entry.connection.wake(at, now)) {
            self.queue(key);
        }
    }

    /// Closes a connection, once the kernel has ended its operations.
    fn close(&mut self, ring: &mut Ring, key: usize, faulty: bool) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut entry.closing, true) {
            return;
        }
        self.open -= 1;
        if faulty {
            self.server.meter().fault();
        }
        if entry.connection.is_in_flight() {
            // The peer hears of it at once, and both operations end by this alone.
            let _ = entry.stream.shutdown(Shutdown::Both);
            ring.cancel_all(&entry.stream);
        }
        self.remove_if_ended(key);
    }

    fn remove_if_ended(&mut self, key: usize) {
        let entry = self.connections.get(key);
        if entry.is_some_and(|entry| entry.closing && !entry.connection.is_in_flight()) {
            drop(self.connections.remove(key));
            self.acceptor.connection_closed();
        }
    }

    /// Closes timed-out connections. A periodic sweep costs less than a timer per connection.
    fn sweep(&mut self, ring: &mut Ring) {
        const MAX_INTERVAL: Duration = Duration::from_secs(1);
        let idle = self.server.limits().idle_timeout.unwrap_or(MAX_INTERVAL);
        self.next_sweep = self.now + (idle / 10).clamp(Duration::from_millis(10), MAX_INTERVAL);
        let now = self.now;
        let entries = self
            .connections
            .iter_mut()
            .filter(|(_, entry)| !entry.closing);
        let timed_out = entries.filter_map(|(key, entry)| {
            let timed_out = entry.connection.timed_out(now)?;
            if timed_out.unread_replies {
                close_with_reset(&entry.stream);
            }
            Some((key, timed_out.faulty))
        });
        for (key, faulty) in timed_out.collect::<Vec<_>>() {
            self.close(ring, key, faulty);
        }
    }

    /// Starts the drain: nothing more is accepted or received; complete requests are served.
    fn stop(&mut self, ring: &mut Ring) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.acceptor.close(ring);
        self.next_sweep = self.now;
        let keys: Vec<usize> = self.connections.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.connections[key].connection.stop();
            self.queue(key);
        }
    }
}

impl Entry<'_> {
    /// Queues the operations that the connection wants.
    fn submit(&mut self, ring: &mut Ring) {
        while let Some(operation) = self.connection.next_operation() {
            match operation {
                Operation::Receive => ring.receive(&self.stream, self.token),
                Operation::CancelReceive => ring.cancel_receive(self.token),
                Operation::Send(bytes) => ring.send(&self.stream, self.token, bytes),
                Operation::Shut => {
                    // If this fails, the receive fails too, and the connection is closed then.
                    let _ = self.stream.shutdown(Shutdown::Write);
                }
            }
        }
    }
}
