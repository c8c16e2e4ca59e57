//! What the threads of a load publish while they run.

use std::num::NonZeroU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use super::recorder::Recorder;
use super::window::Window;

/// State that the threads of a load share.
#[derive(Debug)]
pub(crate) struct SharedProgress {
    pub(crate) start: Instant,
    pub(crate) window: Window,
    /// When the window ends: as planned, or earlier. It is written at most once, so each core
    /// keeps its own copy of the cache line.
    pub(crate) window_end_ns: AtomicU64,
    /// When the threads stop sending: when the server was read at the end of the window.
    pub(crate) load_end_ns: AtomicU64,
    pub(crate) cancelled: AtomicBool,
    pub(crate) threads: Vec<ThreadProgress>,
}

/// Progress of one thread, on separate cache lines to avoid false sharing.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ThreadProgress {
    pub(crate) requests: AtomicU64,
    /// Of the last interval; 0 without a reply in it, which no response time is.
    pub(crate) p99_ns: AtomicU64,
}

/// Progress of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveProgress {
    /// Correct replies inside the window so far.
    pub requests: u64,
    /// The p99 of the last complete interval of the series, in nanoseconds: the highest of all
    /// threads. During the first interval it is of that one. `None` without a reply in it.
    pub p99_ns: Option<NonZeroU64>,
    /// The length of an interval.
    pub interval: Duration,
}

impl SharedProgress {
    pub(crate) fn publish(&self, index: usize, recorder: &Recorder, now_ns: u64) {
        let last = recorder.series.get(self.window.last_interval(now_ns));
        let p99_ns = last
            .filter(|last| last.requests > 0)
            .map_or(0, |last| last.latency.value_at_quantile(0.99));
        let published = &self.threads[index];
        published.requests.store(recorder.requests, Relaxed);
        published.p99_ns.store(p99_ns, Relaxed);
    }

    /// The progress of all threads together.
    pub(crate) fn live(&self) -> LiveProgress {
        let requests = self.threads.iter();
        let p99s_ns = self.threads.iter();
        LiveProgress {
            requests: requests.map(|thread| thread.requests.load(Relaxed)).sum(),
            p99_ns: p99s_ns
                .filter_map(|thread| NonZeroU64::new(thread.p99_ns.load(Relaxed)))
                .max(),
            interval: Duration::from_nanos(self.window.interval_ns()),
        }
    }

    pub(crate) fn window_end_ns(&self) -> u64 {
        self.window_end_ns.load(Relaxed)
    }

    pub(crate) fn load_end_ns(&self) -> u64 {
        self.load_end_ns.load(Relaxed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::delays::{Arrival, Moments};

    const MS: u64 = 1_000_000;

    #[test]
    fn the_p99_is_of_the_last_interval() {
        let window = Window {
            from_ns: 0,
            to_ns: 1000 * MS,
        };
        let shared = SharedProgress {
            start: Instant::now(),
            window,
            window_end_ns: AtomicU64::new(window.to_ns),
            load_end_ns: AtomicU64::new(u64::MAX),
            cancelled: AtomicBool::new(false),
            threads: vec![ThreadProgress::default(), ThreadProgress::default()],
        };
        let mut recorder = Recorder::new(window);
        let mut reply = |at_ms: u64, latency_ms: u64, publish_ms: u64| {
            let sent_ns = at_ms * MS - latency_ms * MS;
            recorder.answered(&Moments {
                planned_ns: sent_ns,
                able_ns: sent_ns,
                sent_ns,
                left_ns: None,
                arrived_ns: at_ms * MS,
                read_ns: at_ms * MS,
                arrival: Arrival::Read,
            });
            shared.publish(1, &recorder, publish_ms * MS);
            let live = shared.live();
            // The histogram has two digits.
            let p99_ms = live.p99_ns.map(|ns| ns.get().div_ceil(MS) - 1);
            (live.requests, p99_ms)
        };
        assert_eq!(reply(50, 40, 60), (1, Some(40)), "the first, in progress");
        assert_eq!(reply(150, 5, 160), (2, Some(40)));
        assert_eq!(reply(201, 20, 202), (3, Some(5)), "not since the start");
        assert_eq!(reply(405, 1, 410), (4, None), "no reply from 300 ms on");
        assert_eq!(shared.live().interval, Duration::from_millis(100));
    }
}
