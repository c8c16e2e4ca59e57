//! One thread per connection. Clients do not wait for each other, and a handler
//! may block. It breaks on many connections: each needs a stack and a scheduler
//! entry, so the number of threads is limited, and at the limit accepting waits.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use crate::server::{Event, Group, ServeModel, Server};

const MAX_THREADS: usize = 4096;
const STACK_BYTES: usize = 256 << 10;
/// How often accepting checks for the stop signal while it waits for a slot.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// See [the module documentation](self).
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
        "one thread per connection"
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let slots = Slots::new(server.limits().max_connections.unwrap_or(MAX_THREADS));
        // The scope joins all threads before it ends.
        thread::scope(|scope| {
            while slots.wait_for_free(|| server.stop().requested()) {
                let Event::Connection(stream) = server.accept()? else {
                    break;
                };
                if spawn(scope, server, &slots, stream).is_err() {
                    // The spawn failed: this connection is lost, the server continues.
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
    slots: &'scope Slots,
    stream: TcpStream,
) -> io::Result<()> {
    let slot = slots.take().ok_or(io::ErrorKind::OutOfMemory)?;
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn_scoped(scope, move || {
            // The whole slot, which is free again when the thread ends.
            let slot = slot;
            let server = server.in_thread(slot.number);
            // Only the accepting thread keeps the socket, and closes it at a stop.
            server.close_listeners();
            server.converse(&stream);
        })?;
    Ok(())
}

/// Slots for threads: a counting semaphore. Each has a number, so that no two threads count in
/// the same place.
struct Slots {
    free: Mutex<Free>,
    released: Condvar,
}

struct Free {
    released: Vec<usize>,
    unused: Range<usize>,
}

struct Slot<'a> {
    slots: &'a Slots,
    number: usize,
}

impl Slots {
    fn new(count: usize) -> Slots {
        Slots {
            free: Mutex::new(Free {
                released: Vec::new(),
                unused: 0..count.max(1),
            }),
            released: Condvar::new(),
        }
    }

    /// Returns true when a slot is free, false when `stop_requested` returns true first.
    fn wait_for_free(&self, stop_requested: impl Fn() -> bool) -> bool {
        let mut free = self.lock();
        while free.released.is_empty() && free.unused.is_empty() {
            if stop_requested() {
                return false;
            }
            free = self
                .released
                .wait_timeout(free, STOP_CHECK_INTERVAL)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Takes the slot that `wait_for_free` found; only the accepting thread takes slots.
    fn take(&self) -> Option<Slot<'_>> {
        let mut free = self.lock();
        let number = free.released.pop().or_else(|| free.unused.next())?;
        let slots = self;
        Some(Slot { slots, number })
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.slots.lock().released.push(self.number);
        self.slots.released.notify_one();
    }
}
