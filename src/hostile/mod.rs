//! Hostile clients: what an attack does, and many who do it beside a load.

mod attacks;
mod raid;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

pub use attacks::ALL;
use raid::Raid;

/// Threads that attack.
const THREADS: usize = 4;

/// One way to treat a server badly.
#[derive(Debug)]
pub struct Attack {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// What its clients do, in a line.
    pub about: &'static str,
    /// What it takes from others where it hurts.
    pub takes: &'static str,
    /// What each thread does until the siege is lifted; an error ends its part.
    act: fn(&mut Raid) -> io::Result<()>,
}

/// An attack that is under way. Dropped, it is lifted.
#[derive(Debug)]
pub struct Siege {
    lifted: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    /// The attack of that name.
    pub fn find(name: &str) -> Option<&'static Attack> {
        ALL.iter().find(|attack| attack.name == name)
    }

    /// Begins it against this server.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn begin(&'static self, target: SocketAddr) -> io::Result<Siege> {
        let mut siege = Siege {
            lifted: Arc::new(AtomicBool::new(false)),
            connections: Arc::new(AtomicU64::new(0)),
            threads: Vec::new(),
        };
        for index in 0..THREADS {
            let (lifted, connections) = (&siege.lifted, &siege.connections);
            let mut raid = Raid::new(target, index, Arc::clone(lifted), Arc::clone(connections));
            let thread = thread::Builder::new().name(format!("hostile {index}"));
            let thread = thread.spawn(move || {
                // A server that closes or refuses is what is looked for: the next try follows.
                while !raid.is_lifted() {
                    let _ = (self.act)(&mut raid);
                    raid.pause();
                }
            });
            siege.threads.push(thread?);
        }
        Ok(siege)
    }
}

impl Siege {
    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// Ends it and closes all its connections; how many it has made.
    pub fn lift(mut self) -> u64 {
        self.end();
        self.connections()
    }

    fn end(&mut self) {
        self.lifted.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Siege {
    fn drop(&mut self) {
        self.end();
    }
}
