//! The load generator: many connections over a few threads, each with its own
//! poll and histograms; nothing is shared while it runs but a few counters
//! that are told, not asked for.

mod alarm;
pub mod client;
mod closing;
pub mod fleet;
pub mod flow;
pub mod message;
pub mod pacer;
pub mod recorder;
pub mod sample;
mod sockets;
mod spec;
pub mod wire;
pub mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::Error;
use client::ClientResult;
use closing::{Arrival, Closing};
use recorder::{Recorder, Window};
pub use spec::{Close, DRAIN, Load, MOST_CONNECTIONS, MOST_IN_FLIGHT};
use worker::{Effort, Share};

/// A load that runs. Dropped, it is cancelled.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<io::Result<Share>>>,
    arrival: Option<Arrival>,
}

/// What the threads of a load have in common.
#[derive(Debug)]
struct Shared {
    start: Instant,
    window: Window,
    cancelled: AtomicBool,
    said: Vec<Said>,
}

/// How a thread says that it is going, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Said {
    requests: AtomicU64,
    p99_ns: AtomicU64,
}

/// How a load is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Right replies so far, inside the window.
    pub requests: u64,
    /// The p99 of the last interval, on the thread where it is highest.
    pub p99_ns: u64,
}

impl Shared {
    fn say(&self, index: usize, recorder: &Recorder, now_ns: u64) {
        let window = self.window;
        let at = now_ns.saturating_sub(window.from_ns) / window.interval_ns();
        let last = recorder
            .series
            .get(usize::try_from(at).unwrap_or(usize::MAX));
        let p99_ns = last
            .filter(|last| last.requests > 0)
            .map(|last| last.latency.value_at_quantile(0.99));
        self.said[index].requests.store(recorder.requests, Relaxed);
        if let Some(p99_ns) = p99_ns {
            self.said[index].p99_ns.store(p99_ns, Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}

/// What a load has shown, all threads together.
#[derive(Debug)]
pub struct Measured {
    /// Histograms and counts.
    pub recorder: Recorder,
    /// Each client's part.
    pub clients: Vec<ClientResult>,
    /// Each thread's effort.
    pub efforts: Vec<Effort>,
    /// Each thread's effort until an overload ends; of other loads the same.
    pub pressed: Vec<Effort>,
}

/// Starts the load; its time runs from here.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(load: &Load) -> Result<Running, Error> {
    let threads = load.threads.clamp(1, load.clients.max(1));
    let load = Load {
        threads,
        ..load.clone()
    };
    let closing = Closing::new(threads + 1);
    let shared = Arc::new(Shared {
        start: Instant::now(),
        window: load.window(),
        cancelled: AtomicBool::new(false),
        said: std::iter::repeat_with(Said::default)
            .take(threads)
            .collect(),
    });
    // Made before any thread is, so that one which cannot be started keeps nobody waiting.
    let arrivals: Vec<Arrival> = (0..threads).map(|_| closing.arrival()).collect();
    let mut running = Running {
        shared,
        threads: Vec::new(),
        arrival: Some(closing.arrival()),
    };
    for (index, arrival) in arrivals.into_iter().enumerate() {
        let (load, shared) = (load.clone(), Arc::clone(&running.shared));
        let thread = thread::Builder::new().name(format!("load {index}"));
        let thread = thread.spawn(move || worker::run(&load, index, &shared, arrival));
        running.threads.push(thread.map_err(Error::Load)?);
    }
    Ok(running)
}

impl Running {
    /// When the window begins.
    pub fn window_begins(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window.from_ns)
    }

    /// When the window ends.
    pub fn window_ends(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window.to_ns)
    }

    /// How it is going.
    pub fn live(&self) -> Live {
        let said = &self.shared.said;
        Live {
            requests: said.iter().map(|said| said.requests.load(Relaxed)).sum(),
            p99_ns: said
                .iter()
                .map(|said| said.p99_ns.load(Relaxed))
                .max()
                .unwrap_or(0),
        }
    }

    /// Waits for the drain, closes all connections together, and puts the threads' parts together.
    ///
    /// Until this is called all connections stay open.
    ///
    /// # Errors
    /// When a thread failed.
    pub fn finish(mut self) -> Result<Measured, Error> {
        self.arrival = None;
        let mut measured: Option<Measured> = None;
        for thread in std::mem::take(&mut self.threads) {
            let panicked = |_| Err(io::Error::other("a thread of the generator panicked"));
            let share = thread
                .join()
                .unwrap_or_else(panicked)
                .map_err(Error::Load)?;
            match &mut measured {
                None => {
                    measured = Some(Measured {
                        recorder: share.recorder,
                        clients: share.clients,
                        efforts: vec![share.effort],
                        pressed: vec![share.pressed],
                    });
                }
                Some(measured) => {
                    measured.recorder.add(&share.recorder);
                    measured.clients.extend(share.clients);
                    measured.efforts.push(share.effort);
                    measured.pressed.push(share.pressed);
                }
            }
        }
        measured.ok_or_else(|| Error::Load(io::Error::other("no thread ran")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Relaxed);
        self.arrival = None;
        for thread in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
