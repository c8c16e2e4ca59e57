//! A running attack: its threads run until it is stopped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::{self, JoinHandle};

use super::attacker::Attacker;
use super::catalogue::Attack;

/// Number of attacking threads.
const THREADS: usize = 4;

/// A running attack. Dropping it stops the attack.
#[derive(Debug)]
pub struct RunningAttack {
    stopped: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl RunningAttack {
    /// Starts this attack against the server at `target`.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(attack: &'static Attack, target: SocketAddr) -> io::Result<RunningAttack> {
        let mut running = RunningAttack {
            stopped: Arc::new(AtomicBool::new(false)),
            connections: Arc::new(AtomicU64::new(0)),
            threads: Vec::new(),
        };
        for index in 0..THREADS {
            let (stopped, connections) = (&running.stopped, &running.connections);
            let mut attacker =
                Attacker::new(target, index, Arc::clone(stopped), Arc::clone(connections));
            let thread = thread::Builder::new().name(format!("attacker {index}"));
            let thread = thread.spawn(move || {
                // Errors are expected: the server may close or refuse the connection. Try again.
                while !attacker.is_stopped() {
                    let _ = (attack.act)(&mut attacker);
                    attacker.pause();
                }
            });
            running.threads.push(thread?);
        }
        Ok(running)
    }

    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// Stops the attack and closes its connections; returns how many connections it has made.
    pub fn stop(mut self) -> u64 {
        self.end();
        self.connections()
    }

    fn end(&mut self) {
        self.stopped.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for RunningAttack {
    fn drop(&mut self) {
        self.end();
    }
}
