//! What the threads of a load publish while they run.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use super::recorder::Recorder;
use super::window::Window;

/// What the threads of a load have in common.
#[derive(Debug)]
pub(crate) struct SharedProgress {
    pub(crate) start: Instant,
    pub(crate) window: Window,
    pub(crate) cancelled: AtomicBool,
    pub(crate) said: Vec<ThreadProgress>,
}

/// How a thread says that it is going, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ThreadProgress {
    pub(crate) requests: AtomicU64,
    pub(crate) p99_ns: AtomicU64,
}

/// How a load is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveProgress {
    /// Right replies so far, inside the window.
    pub requests: u64,
    /// The p99 of the last interval, on the thread where it is highest.
    pub p99_ns: u64,
}

impl SharedProgress {
    pub(crate) fn say(&self, index: usize, recorder: &Recorder, now_ns: u64) {
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

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}
