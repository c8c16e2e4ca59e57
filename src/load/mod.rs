//! The load generator: many connections over a few threads, each with its own
//! poll and histograms; nothing is shared while it runs but a few counters
//! that are told, not asked for.

mod alarm;
pub mod client;
pub mod fleet;
pub mod message;
pub mod pacer;
pub mod recorder;
pub mod sample;
mod sockets;
pub mod wire;
pub mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::Error;
use client::{ClientResult, Manners};
use message::Message;
use pacer::Schedule;
use recorder::{Recorder, Window};
use worker::{Effort, Share};

/// How long after the window replies are waited for.
pub const DRAIN: Duration = Duration::from_secs(1);

/// What load to make.
#[derive(Debug, Clone)]
pub struct Load {
    /// Whom to ask.
    pub target: SocketAddr,
    /// Connections that send.
    pub clients: usize,
    /// Threads that they are spread over.
    pub threads: usize,
    /// The window.
    pub duration: Duration,
    /// What goes before it.
    pub warmup: Duration,
    /// How long replies are waited for after it.
    pub drain: Duration,
    /// How long a reply or a connect may take.
    pub timeout: Duration,
    /// When requests are due; `None` is the closed loop.
    pub schedule: Option<Schedule>,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// A connection ends after so many replies; `None` is never.
    pub requests_per_connection: Option<u32>,
    /// The longest reply that is believed.
    pub max_frame_bytes: usize,
    /// What is sent.
    pub message: Message,
}

impl Load {
    fn manners(&self) -> Manners {
        Manners {
            message: self.message.clone(),
            pipeline: self.pipeline,
            connects_first: self.schedule.is_some() && self.requests_per_connection.is_none(),
            requests_per_connection: self.requests_per_connection,
            timeout_ns: nanos(self.timeout),
            max_frame_bytes: self.max_frame_bytes,
        }
    }

    fn window(&self) -> Window {
        Window {
            from_ns: nanos(self.warmup),
            to_ns: nanos(self.warmup + self.duration),
        }
    }

    /// Which of the clients thread `index` has.
    fn clients_of(&self, index: usize) -> std::ops::Range<usize> {
        self.clients * index / self.threads..self.clients * (index + 1) / self.threads
    }
}

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
                    let (clients, efforts) = (share.clients, vec![share.effort]);
                    measured = Some(Measured {
                        recorder: share.recorder,
                        clients,
                        efforts,
                    });
                }
                Some(measured) => {
                    measured.recorder.add(&share.recorder);
                    measured.clients.extend(share.clients);
                    measured.efforts.push(share.effort);
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

/// Lets nobody close before everybody has arrived; one that fails has arrived too.
#[derive(Debug)]
struct Closing {
    missing: AtomicUsize,
    lock: Mutex<()>,
    all_there: Condvar,
}

/// One who is to arrive, and does so at the latest when dropped.
#[derive(Debug)]
struct Arrival(Arc<Closing>);

impl Closing {
    fn new(count: usize) -> Arc<Closing> {
        Arc::new(Closing {
            missing: AtomicUsize::new(count),
            lock: Mutex::new(()),
            all_there: Condvar::new(),
        })
    }

    fn arrival(self: &Arc<Closing>) -> Arrival {
        Arrival(Arc::clone(self))
    }
}

impl Arrival {
    /// Arrives, and waits for all others.
    fn wait(self) {
        let closing = Arc::clone(&self.0);
        drop(self);
        let mut guard = closing.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while closing.missing.load(Relaxed) > 0 {
            guard = closing
                .all_there
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let _guard = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.missing.fetch_sub(1, Relaxed);
        self.0.all_there.notify_all();
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
