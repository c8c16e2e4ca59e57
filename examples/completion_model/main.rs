//! A completion-based model outside the crate: operations are submitted, and the model acts on
//! their completions, as with io_uring. It uses what `rpcbench` makes public: `Server`,
//! `Conversation`, `Step`, `IdleDeadline`, `Timers`, `Stop` and `Meter`.
//!
//! ```sh
//! cargo run --release --example completion_model -- --model completion,async
//! ```
//!
//! `queue.rs` is the completion queue, `connection.rs` drives one conversation, and this file has
//! the loop: accepting, delays, timeouts, the stop and the drain.

mod connection;
mod queue;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rpcbench::{Builtin, ServeModel, Server, Timers, models};

use connection::{Connection, Turn};
use queue::{Completion, Queue};

/// The most connections unless `--max-connections` says otherwise.
const MAX_CONNECTIONS: usize = 1000;
/// How long accepting pauses when descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The longest time between two looks at the timeouts.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// The numbers of the watched descriptors.
const STOP: usize = 0;
const TIMERS: usize = 1;

struct CompletionModel;

impl ServeModel for CompletionModel {
    fn name(&self) -> &'static str {
        "completion"
    }

    fn about(&self) -> &'static str {
        "one process, one loop over the completions of operations"
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let Some(listener) = server.listener() else {
            return Ok(());
        };
        let queue = Queue::new(listener)?;
        let timers = Timers::new()?;
        queue.watch(STOP, server.stop().as_fd())?;
        queue.watch(TIMERS, timers.as_fd())?;
        let mut completion_loop = CompletionLoop {
            server,
            queue,
            timers,
            connections: HashMap::new(),
            again: VecDeque::new(),
            is_accepting: false,
            accept_after: Instant::now(),
            next_sweep: Instant::now(),
            is_stopping: false,
        };
        server.meter().serving();
        completion_loop.run()
    }
}

struct CompletionLoop<'s> {
    server: &'s Server<'s>,
    queue: Queue,
    timers: Timers,
    /// By the keys of their sockets.
    connections: HashMap<usize, Connection<'s>>,
    /// Connections whose turn was over before they had to wait.
    again: VecDeque<usize>,
    is_accepting: bool,
    accept_after: Instant,
    next_sweep: Instant,
    is_stopping: bool,
}

impl CompletionLoop<'_> {
    fn run(&mut self) -> io::Result<()> {
        while !self.is_over() {
            self.accept_next();
            for completion in self.queue.wait(self.longest_wait())? {
                self.complete(completion)?;
            }
            for _ in 0..self.again.len() {
                if let Some(key) = self.again.pop_front() {
                    self.drive(key);
                }
            }
            if self.next_sweep <= Instant::now() {
                self.sweep();
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let is_past = |deadline| deadline <= Instant::now();
        let drained = || self.server.stop().deadline().is_some_and(is_past);
        self.is_stopping && (self.connections.is_empty() || drained())
    }

    /// At the limit of connections further clients wait in the backlog.
    fn accept_next(&mut self) {
        let limit = self.server.limits().max_connections;
        let has_room = self.connections.len() < limit.unwrap_or(MAX_CONNECTIONS);
        let may_accept = has_room && self.accept_after <= Instant::now();
        if may_accept && !self.is_accepting && !self.is_stopping {
            self.is_accepting = true;
            self.queue.accept();
        }
    }

    fn longest_wait(&self) -> Duration {
        let now = Instant::now();
        if !self.again.is_empty() {
            return Duration::ZERO;
        }
        let accept = Some(self.accept_after).filter(|at| *at > now);
        let stop = self.server.stop();
        let drain_end = self.is_stopping.then(|| stop.deadline()).flatten();
        let next = [accept, drain_end].into_iter().flatten();
        let next = next.fold(self.next_sweep, Instant::min);
        next.saturating_duration_since(now)
    }

    fn complete(&mut self, completion: Completion) -> io::Result<()> {
        match completion {
            Completion::Accepted(accepted) => {
                self.is_accepting = false;
                match accepted {
                    Ok(key) => self.add(key),
                    // To try again at once would spin.
                    Err(_) => self.accept_after = Instant::now() + ACCEPT_PAUSE,
                }
            }
            Completion::Received(key, received, buffer) => {
                self.continue_with(key, received, |connection, bytes| {
                    connection.received(bytes, buffer);
                });
            }
            Completion::Sent(key, sent) => {
                self.continue_with(key, sent, |connection, bytes| connection.sent(bytes));
            }
            Completion::Readable(STOP) => self.stop()?,
            Completion::Readable(_) => {
                for (key, at) in self.timers.due()? {
                    let connection = self.connections.get_mut(&key);
                    if connection.is_some_and(|connection| connection.resume(at)) {
                        self.drive(key);
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, key: usize) {
        let connection = Connection::new(self.server, key);
        self.connections.insert(key, connection);
        if self.is_stopping {
            self.close(key, false, false);
        } else {
            self.drive(key);
        }
    }

    fn continue_with(
        &mut self,
        key: usize,
        result: io::Result<usize>,
        then: impl FnOnce(&mut Connection<'_>, usize),
    ) {
        match (self.connections.get_mut(&key), result) {
            (Some(connection), Ok(bytes)) => {
                then(connection, bytes);
                self.drive(key);
            }
            (_, Err(_)) => self.close(key, true, false),
            (None, Ok(_)) => {}
        }
    }

    fn drive(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(&key) else {
            return;
        };
        match connection.turn(&mut self.queue, &mut self.timers) {
            Ok(Turn::Operation | Turn::Delay) => {}
            Ok(Turn::Again) => self.again.push_back(key),
            Ok(Turn::Close { is_fault }) => self.close(key, is_fault, false),
            Err(_) => self.close(key, true, false),
        }
    }

    fn close(&mut self, key: usize, is_fault: bool, reset: bool) {
        if self.connections.remove(&key).is_none() {
            return;
        }
        self.queue.close(key, reset);
        if is_fault {
            self.server.meter().fault();
        }
    }

    /// Closes the connections that timed out. A look at all of them costs less than a timer each.
    fn sweep(&mut self) {
        let now = Instant::now();
        let idle = self.server.limits().idle_timeout.unwrap_or(SWEEP_INTERVAL);
        let interval = (idle / 10).clamp(Duration::from_millis(10), SWEEP_INTERVAL);
        self.next_sweep = now + interval;
        let connections = self.connections.iter_mut();
        let timed_out: Vec<_> = connections
            .filter_map(|(key, connection)| Some((*key, connection.timed_out(now)?)))
            .collect();
        for (key, (is_fault, reset)) in timed_out {
            self.close(key, is_fault, reset);
        }
    }

    /// Starts the drain: the port is free at once, and idle connections close.
    fn stop(&mut self) -> io::Result<()> {
        if self.is_stopping || !self.server.stop().requested() {
            return Ok(());
        }
        self.is_stopping = true;
        self.queue.close_listener()?;
        self.server.close_listeners();
        for connection in self.connections.values_mut() {
            connection.stop(&mut self.queue);
        }
        let keys: Vec<usize> = self.connections.keys().copied().collect();
        self.again.extend(keys);
        Ok(())
    }
}

fn main() -> ExitCode {
    let mut all: Vec<&dyn ServeModel> = vec![&CompletionModel];
    all.extend(models::ALL);
    rpcbench::main(&all, &Builtin)
}
