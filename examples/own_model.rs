//! Your own model: implement `ServeModel` and pass it to `rpcbench::main`. It is then measured
//! together with the built-in models.
//!
//! `thread-cache` has a thread per connection, like `threaded`, but a thread whose connection has
//! closed waits some seconds for the next one. With short connections it starts few threads:
//!
//! ```sh
//! cargo run --release --example own_model -- --model thread-cache,threaded --requests-per-connection 1
//! ```
//!
//! What a model must get right is in `rpcbench::contract`, which a test runs against this one.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use rpcbench::{Builtin, Event, ServeModel, Server, models};

/// The most connections, and so threads, unless `--max-connections` says otherwise.
const MAX_THREADS: usize = 1024;
const STACK_BYTES: usize = 256 << 10;
/// How long a thread without a connection stays.
const KEPT: Duration = Duration::from_secs(5);
/// How often accepting looks for the stop signal while it waits for a thread to become free.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

struct ThreadCache;

impl ServeModel for ThreadCache {
    fn name(&self) -> &'static str {
        "thread-cache"
    }

    fn about(&self) -> &'static str {
        "one thread per connection; a thread waits for the next one before it ends"
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let threads = Threads::new(server.limits().max_connections.unwrap_or(MAX_THREADS));
        thread::scope(|scope| {
            let accepted = accept_all(scope, server, &threads);
            // The port is free at once, and the threads end when they have drained; the scope
            // joins them. Both also after an error, or the scope would wait for ever.
            server.close_listeners();
            threads.close();
            accepted
        })
    }
}

/// Accepts until the stop. At the limit of threads further clients wait in the backlog.
fn accept_all<'scope>(
    scope: &'scope Scope<'scope, '_>,
    server: &'scope Server<'_>,
    threads: &'scope Threads,
) -> io::Result<()> {
    while threads.wait_for_free(|| server.stop().requested()) {
        let Event::Connection(stream) = server.accept()? else {
            break;
        };
        let Some((stream, slot)) = threads.hand_over(stream) else {
            continue;
        };
        let started = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, move || {
                serve_connections(server, threads, stream, slot)
            });
        if started.is_err() {
            // This connection is lost; the server continues.
            threads.not_started(slot);
            server.meter().fault();
        }
    }
    Ok(())
}

/// One thread: a connection, then the next, until none comes for a while.
fn serve_connections(server: &Server<'_>, threads: &Threads, first: TcpStream, slot: usize) {
    // It counts in a slot of its own, so that threads do not share cache lines.
    let server = server.in_thread(slot);
    // Only the accepting thread keeps the listening socket.
    server.close_listeners();
    let mut next = Some(first);
    while let Some(stream) = next {
        // Timeouts, the drain and a panic of the handler are dealt with here.
        server.converse(&stream);
        drop(stream);
        next = threads.next_connection(slot);
    }
}

/// The threads of the server, and the connections on their way to them.
struct Threads {
    state: Mutex<State>,
    /// A connection was handed over, or no further one comes.
    handed_over: Condvar,
    /// A thread has become free.
    freed: Condvar,
}

struct State {
    /// For threads that wait: never more than these.
    connections: VecDeque<TcpStream>,
    waiting: usize,
    /// Slots of threads that do not run.
    unused: Vec<usize>,
    is_closed: bool,
}

impl Threads {
    fn new(most: usize) -> Threads {
        Threads {
            state: Mutex::new(State {
                connections: VecDeque::new(),
                waiting: 0,
                unused: (0..most.max(1)).rev().collect(),
                is_closed: false,
            }),
            handed_over: Condvar::new(),
            freed: Condvar::new(),
        }
    }

    /// Returns true when a thread waits or may be started, false when a stop is requested first.
    fn wait_for_free(&self, stop_requested: impl Fn() -> bool) -> bool {
        let mut state = self.lock();
        while state.waiting == state.connections.len() && state.unused.is_empty() {
            if stop_requested() {
                return false;
            }
            let waited = self.freed.wait_timeout(state, STOP_CHECK_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Gives the connection to a thread that waits. If none does, returns it with a slot for a
    /// new thread.
    fn hand_over(&self, stream: TcpStream) -> Option<(TcpStream, usize)> {
        let mut state = self.lock();
        if state.waiting == state.connections.len()
            && let Some(slot) = state.unused.pop()
        {
            return Some((stream, slot));
        }
        state.connections.push_back(stream);
        self.handed_over.notify_one();
        None
    }

    /// The next connection of a thread; `None` when it must end, and its slot is unused again.
    fn next_connection(&self, slot: usize) -> Option<TcpStream> {
        let mut state = self.lock();
        state.waiting += 1;
        self.freed.notify_one();
        let until = Instant::now() + KEPT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !state.connections.is_empty() || state.is_closed || left.is_zero() {
                state.waiting -= 1;
                let next = state.connections.pop_front();
                if next.is_none() {
                    state.unused.push(slot);
                }
                return next;
            }
            let waited = self.handed_over.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The thread of this slot could not be started.
    fn not_started(&self, slot: usize) {
        self.lock().unused.push(slot);
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.handed_over.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn main() -> ExitCode {
    let mut all: Vec<&dyn ServeModel> = vec![&ThreadCache];
    all.extend(models::ALL);
    rpcbench::main(&all, &Builtin)
}
