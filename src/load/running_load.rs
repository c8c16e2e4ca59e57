//! The load generator: many connections over a few threads, each with its own
//! poll and histograms; nothing is shared while it runs but a few counters
//! that are told, not asked for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::client::ClientResult;
use super::close_barrier::{BarrierGuard, CloseBarrier};
use super::effort::Effort;
use super::engine::epoll;
use super::progress::{LiveProgress, SharedProgress, ThreadProgress};
use super::recorder::Recorder;
use super::spec::Load;
use crate::error::Error;
use crate::load::engine::epoll::ThreadResult;

/// A load that runs. Dropped, it is cancelled.
#[derive(Debug)]
pub struct RunningLoad {
    shared: Arc<SharedProgress>,
    threads: Vec<JoinHandle<io::Result<ThreadResult>>>,
    arrival: Option<BarrierGuard>,
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
pub fn start(load: &Load) -> Result<RunningLoad, Error> {
    let threads = load.threads.clamp(1, load.clients.max(1));
    let load = Load {
        threads,
        ..load.clone()
    };
    let closing = CloseBarrier::new(threads + 1);
    let shared = Arc::new(SharedProgress {
        start: Instant::now(),
        window: load.window(),
        cancelled: AtomicBool::new(false),
        said: std::iter::repeat_with(ThreadProgress::default)
            .take(threads)
            .collect(),
    });
    // Made before any thread is, so that one which cannot be started keeps nobody waiting.
    let arrivals: Vec<BarrierGuard> = (0..threads).map(|_| closing.arrival()).collect();
    let mut running = RunningLoad {
        shared,
        threads: Vec::new(),
        arrival: Some(closing.arrival()),
    };
    for (index, arrival) in arrivals.into_iter().enumerate() {
        let (load, shared) = (load.clone(), Arc::clone(&running.shared));
        let thread = thread::Builder::new().name(format!("load {index}"));
        let thread = thread.spawn(move || epoll::run(&load, index, &shared, arrival));
        running.threads.push(thread.map_err(Error::Load)?);
    }
    Ok(running)
}

impl RunningLoad {
    /// When the window begins.
    pub fn window_begins(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window.from_ns)
    }

    /// When the window ends.
    pub fn window_ends(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window.to_ns)
    }

    /// How it is going.
    pub fn live(&self) -> LiveProgress {
        let said = &self.shared.said;
        LiveProgress {
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

impl Drop for RunningLoad {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Relaxed);
        self.arrival = None;
        for thread in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}
