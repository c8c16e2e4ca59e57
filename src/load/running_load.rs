//! A running load: its threads, their progress, and their merged results. The threads share
//! only the start time, the end of the window, a cancel flag and a few counters that they publish.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::clients::core::TIMEOUT_CHECK_NS;
use super::close_barrier::{BarrierGuard, CloseBarrier};
use super::engine::epoll;
use super::littles_law::Slice;
use super::measured::Measured;
use super::nanos::nanos;
use super::progress::{LiveProgress, SharedProgress, ThreadProgress};
use super::spec::Load;
#[cfg(doc)]
use super::spec::MOST_AFTER_WINDOW;
use super::spinning::Spinning;
use crate::error::Error;
use crate::load::engine::event_loop::ThreadResult;

/// How far ahead an early end of the window is set: each thread looks at least this often, so
/// all know it before it comes, and none counts beyond it.
const EARLY_END_NS: u64 = TIMEOUT_CHECK_NS + TIMEOUT_CHECK_NS / 2;

/// A running load. Dropping it cancels the load.
#[derive(Debug)]
pub struct RunningLoad {
    shared: Arc<SharedProgress>,
    threads: Vec<JoinHandle<io::Result<ThreadResult>>>,
    arrival: Option<BarrierGuard>,
    connections: usize,
    slice_ns: Option<u64>,
}

/// Starts the load. Its times are relative to this call.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(load: &Load) -> Result<RunningLoad, Error> {
    start_from(load, Instant::now())
}

/// Starts the load now. Its times are relative to `begins`, which has just passed.
///
/// # Errors
/// When a thread cannot be started.
pub fn start_from(load: &Load, begins: Instant) -> Result<RunningLoad, Error> {
    let own = load.generator.part.of(load.spec.clients).len();
    let threads = load.generator.threads.clamp(1, own.max(1));
    let mut load = load.clone();
    load.generator.threads = threads;
    let barrier = CloseBarrier::new(threads + 1);
    let shared = Arc::new(SharedProgress {
        start: begins,
        window: load.window(),
        window_end_ns: AtomicU64::new(load.window().to_ns),
        load_end_ns: AtomicU64::new(u64::MAX),
        cancelled: AtomicBool::new(false),
        threads: std::iter::repeat_with(|| ThreadProgress::with_slices(load.published_slices()))
            .take(threads)
            .collect(),
    });
    // All guards exist before the first thread starts: if a thread cannot be started, the
    // threads that run do not wait for it.
    let arrivals: Vec<BarrierGuard> = (0..threads).map(|_| barrier.arrival()).collect();
    let mut running = RunningLoad {
        shared,
        threads: Vec::new(),
        arrival: Some(barrier.arrival()),
        connections: load.own_connections(),
        slice_ns: load.slice.map(nanos),
    };
    // Here, where no thread is bound to a part of the cores.
    let spinning = Spinning::of(&load);
    for (index, arrival) in arrivals.into_iter().enumerate() {
        let (load, shared) = (load.clone(), Arc::clone(&running.shared));
        let thread = thread::Builder::new().name(format!("load {index}"));
        let thread = thread.spawn(move || epoll::run(&load, index, &shared, spinning, arrival));
        running.threads.push(thread.map_err(Error::Load)?);
    }
    Ok(running)
}

impl RunningLoad {
    /// The start of the window.
    pub fn window_begins(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window.from_ns)
    }

    /// The end of the window.
    pub fn window_ends(&self) -> Instant {
        self.shared.start + Duration::from_nanos(self.shared.window_end_ns())
    }

    /// Ends the window a moment from now, when all threads know it, unless it ends by then as
    /// planned, and the load after a drain as usual. Call it once, inside the window.
    pub fn end_window(&self) {
        let now_ns = nanos(self.shared.start.elapsed()).max(self.shared.window.from_ns);
        let end_ns = (now_ns + EARLY_END_NS).min(self.shared.window.to_ns);
        self.shared.window_end_ns.store(end_ns, Relaxed);
    }

    /// Ends the sending, which goes on after the window until this is called, for at most
    /// [`MOST_AFTER_WINDOW`]: the server is read at the end of the window while the load is on it,
    /// as it is at the start.
    pub fn end_load(&self) {
        let now_ns = nanos(self.shared.start.elapsed());
        self.shared.load_end_ns.store(now_ns, Relaxed);
    }

    /// Whether all threads have ended their drain, or failed.
    pub fn is_drained(&self) -> bool {
        self.arrival
            .as_ref()
            .is_none_or(|arrival| arrival.others_missing() == 0)
    }

    /// Ends the drain: requests without a reply are recorded at their age.
    pub fn end_drain(&self) {
        self.shared.cancelled.store(true, Relaxed);
    }

    /// The progress so far.
    pub fn live(&self) -> LiveProgress {
        self.shared.live()
    }

    /// The complete slices of the window so far, of the length that the load has for them.
    pub fn slices(&self) -> Vec<Slice> {
        self.slice_ns
            .map_or_else(Vec::new, |slice_ns| self.shared.slices(slice_ns))
    }

    /// Waits for the drain, closes all connections together, and merges the results of the threads.
    ///
    /// Until this is called all connections stay open.
    ///
    /// # Errors
    /// When a thread failed.
    pub fn finish(mut self) -> Result<Measured, Error> {
        self.arrival = None;
        let mut measured: Option<Measured> = None;
        for thread in std::mem::take(&mut self.threads) {
            let panicked = |_| Err(io::Error::other("a thread of the load generator panicked"));
            let result = thread
                .join()
                .unwrap_or_else(panicked)
                .map_err(Error::Load)?;
            let result = Measured {
                recorder: result.recorder,
                clients: result.clients,
                efforts: vec![result.effort],
                overload_efforts: vec![result.overload_effort],
                priority: result.priority,
                spins: result.spins,
                connections: 0,
            };
            match &mut measured {
                None => measured = Some(result),
                Some(measured) => measured.add(result),
            }
        }
        if let Some(measured) = &mut measured {
            measured.connections = self.connections;
        }
        measured
            .ok_or_else(|| Error::Load(io::Error::other("the load generator started no thread")))
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
