//! Runs N worker threads, for the models that are N times another model in one process.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;

use super::bound::Server;

/// As in `threaded`: a handler gets the same stack in all thread models.
const STACK_BYTES: usize = 256 << 10;

impl Server<'_> {
    /// Runs `work` in a thread per worker, until the stop signal.
    ///
    /// Each thread gets a server of its own: it counts in its own slot of the meter, and
    /// [`Server::listener`] is its own socket (SO_REUSEPORT) or the shared one. Only the stop
    /// signal and the handler are the same for all.
    ///
    /// A thread cannot be killed: the limit for a handler that does not return holds for worker
    /// processes only.
    ///
    /// # Errors
    /// When a thread cannot be started, or `work` fails in one. The others are then stopped.
    pub fn run_threads(
        &self,
        work: impl Fn(&Server<'_>) -> io::Result<()> + Sync,
    ) -> io::Result<()> {
        let count = self.workers().map_or(1, |(count, _)| count.get());
        let workers: Vec<Server<'_>> = (0..count).map(|index| self.in_thread(index)).collect();
        // The threads have them now, and the port must be free as soon as they close them.
        self.close_listeners();
        let work = &work;
        thread::scope(|scope| {
            let spawn = |worker| {
                thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, move || stop_if_failed(run(work, &worker)))
            };
            // All are started before the first is joined.
            let threads: Vec<_> = workers
                .into_iter()
                .map(|worker| stop_if_failed(spawn(worker)))
                .collect();
            let ended = threads.into_iter().map(|thread| {
                let joined = thread?.join();
                joined.unwrap_or_else(|_| Err(panicked()))
            });
            // The first failure; the scope joins the other threads.
            ended.collect()
        })
    }
}

/// Panics of handlers are caught where a connection is served; another one must not leave the
/// server with fewer threads than it says.
fn run(work: &impl Fn(&Server<'_>) -> io::Result<()>, worker: &Server<'_>) -> io::Result<()> {
    let work = AssertUnwindSafe(|| work(worker));
    catch_unwind(work).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> io::Error {
    io::Error::other("a worker thread panicked")
}

/// Requests the stop of this process if `result` is an error: all threads poll for that signal.
fn stop_if_failed<T>(result: io::Result<T>) -> io::Result<T> {
    if result.is_err() {
        // It cannot fail for the own process.
        let _ = kill(getpid(), Signal::SIGTERM);
    }
    result
}
