//! What the threads of a load publish while they run.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use super::recorder::Recorder;
use super::window::Window;

/// State that the threads of a load share.
#[derive(Debug)]
pub(crate) struct SharedProgress {
    pub(crate) start: Instant,
    pub(crate) window: Window,
    pub(crate) cancelled: AtomicBool,
    pub(crate) threads: Vec<ThreadProgress>,
}

/// Progress of one thread, on separate cache lines to avoid false sharing.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ThreadProgress {
    pub(crate) requests: AtomicU64,
    pub(crate) p99_ns: AtomicU64,
}

/// Progress of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveProgress {
    /// Correct replies inside the window so far.
    pub requests: u64,
    /// The p99 of the last interval, in nanoseconds: the highest of all threads.
    pub p99_ns: u64,
}

impl SharedProgress {
    pub(crate) fn publish(&self, index: usize, recorder: &Recorder, now_ns: u64) {
        let window = self.window;
        let at = now_ns.saturating_sub(window.from_ns) / window.interval_ns();
        let last = recorder
            .series
            .get(usize::try_from(at).unwrap_or(usize::MAX));
        let p99_ns = last
            .filter(|last| last.requests > 0)
            .map(|last| last.latency.value_at_quantile(0.99));
        self.threads[index]
            .requests
            .store(recorder.requests, Relaxed);
        if let Some(p99_ns) = p99_ns {
            self.threads[index].p99_ns.store(p99_ns, Relaxed);
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}
