//! One thread a connection. Clients no longer wait for each other, and a
//! handler may block as it likes. It breaks on many connections: each costs a
//! stack and a place in the scheduler, so at the bound accepting waits.

use std::io;
use std::net::TcpStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use crate::server::{Event, ServeModel, Server};

const MOST_THREADS: usize = 4096;
const STACK_BYTES: usize = 256 << 10;
/// How often accepting, while it waits for a free thread, looks up for a stop.
const LOOK_UP: Duration = Duration::from_millis(100);

/// See [the text of its module](self).
#[derive(Debug)]
pub struct Threaded;

impl ServeModel for Threaded {
    fn name(&self) -> &'static str {
        "threaded"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["thread"]
    }

    fn about(&self) -> &'static str {
        "one thread a connection"
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let places = Slots::new(server.limits().max_connections.unwrap_or(MOST_THREADS));
        // The scope joins every thread before it ends.
        thread::scope(|scope| {
            while places.wait_for_one(|| server.stop().requested()) {
                let Event::Connection(stream) = server.accept()? else {
                    break;
                };
                if spawn(scope, server, &places, stream).is_err() {
                    // No thread to be had: this connection is lost, the server goes on.
                    server.meter().fault();
                }
            }
            server.close_listeners();
            Ok(())
        })
    }
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    server: &'scope Server<'_>,
    places: &'scope Slots,
    stream: TcpStream,
) -> io::Result<()> {
    let place = places.take();
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn_scoped(scope, move || {
            let _place = place;
            server.converse(&stream);
        })?;
    Ok(())
}

/// How many more threads there may be.
struct Slots {
    free: Mutex<usize>,
    given_back: Condvar,
}

struct Slot<'a>(&'a Slots);

impl Slots {
    fn new(count: usize) -> Slots {
        Slots {
            free: Mutex::new(count.max(1)),
            given_back: Condvar::new(),
        }
    }

    /// True when there is a place, false when `give_up` says so first.
    fn wait_for_one(&self, give_up: impl Fn() -> bool) -> bool {
        let mut free = self.lock();
        while *free == 0 {
            if give_up() {
                return false;
            }
            free = self
                .given_back
                .wait_timeout(free, LOOK_UP)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Takes the place that `wait_for_one` has found; only one thread takes any.
    fn take(&self) -> Slot<'_> {
        *self.lock() -= 1;
        Slot(self)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.given_back.notify_one();
    }
}
