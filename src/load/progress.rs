//! What the threads of a load publish while they run.

use std::num::NonZeroU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use super::littles_law::Slice;
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
    requests: AtomicU64,
    /// Of the last interval; 0 without a reply in it, which no response time is.
    p99_ns: AtomicU64,
    /// The slices of the window so far; empty unless the load publishes them.
    slices: Vec<SharedSlice>,
    /// Until when they are published, in nanoseconds since the load began. It is written after them.
    slices_until_ns: AtomicU64,
}

#[derive(Debug, Default)]
struct SharedSlice {
    replies: AtomicU64,
    latency_ns: AtomicU64,
}

impl ThreadProgress {
    /// Progress with this number of slices.
    pub(crate) fn with_slices(slices: usize) -> ThreadProgress {
        ThreadProgress {
            slices: std::iter::repeat_with(SharedSlice::default)
                .take(slices)
                .collect(),
            ..ThreadProgress::default()
        }
    }
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
        for (shared, slice) in published.slices.iter().zip(recorder.flow.slices()) {
            shared.replies.store(slice.replies, Relaxed);
            shared.latency_ns.store(slice.latency_ns, Relaxed);
        }
        published.slices_until_ns.store(now_ns, Release);
    }

    /// The slices of the window that all threads have completed and published, added over threads;
    /// none unless the load publishes them.
    pub(crate) fn slices(&self, slice_ns: u64) -> Vec<Slice> {
        let until = self.threads.iter();
        let until_ns = until.map(|thread| thread.slices_until_ns.load(Acquire));
        let until_ns = until_ns.min().unwrap_or(0);
        let complete = until_ns.saturating_sub(self.window.from_ns) / slice_ns.max(1);
        let known = self.threads.first().map_or(0, |thread| thread.slices.len());
        let of_all = |at: usize| {
            let mut all = Slice::default();
            for slice in self
                .threads
                .iter()
                .filter_map(|thread| thread.slices.get(at))
            {
                all.replies += slice.replies.load(Relaxed);
                all.latency_ns += slice.latency_ns.load(Relaxed);
            }
            all
        };
        let complete = usize::try_from(complete).unwrap_or(usize::MAX);
        (0..complete.min(known)).map(of_all).collect()
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

    /// The progress of these threads in a window of 1 s.
    fn shared(threads: Vec<ThreadProgress>) -> SharedProgress {
        let window = Window {
            from_ns: 0,
            to_ns: 1000 * MS,
        };
        SharedProgress {
            start: Instant::now(),
            window,
            window_end_ns: AtomicU64::new(window.to_ns),
            load_end_ns: AtomicU64::new(u64::MAX),
            cancelled: AtomicBool::new(false),
            threads,
        }
    }

    #[test]
    fn the_p99_is_of_the_last_interval() {
        let shared = shared(vec![ThreadProgress::default(), ThreadProgress::default()]);
        let window = shared.window;
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

    #[test]
    fn slices_are_complete_when_all_threads_have_published_them() {
        let shared = shared(vec![
            ThreadProgress::with_slices(50),
            ThreadProgress::with_slices(50),
        ]);
        let window = shared.window;
        let slice_ns = 20 * MS;
        let mut recorder = Recorder::new(window).in_slices(slice_ns);
        for at_ms in [5, 30, 31, 70] {
            recorder.flow.answered(at_ms * MS, MS);
        }
        shared.publish(0, &recorder, 75 * MS);
        assert_eq!(
            shared.slices(slice_ns),
            [],
            "one thread has published nothing"
        );
        shared.publish(1, &recorder, 59 * MS);
        let slice = |replies| Slice {
            replies,
            latency_ns: replies * MS,
        };
        assert_eq!(shared.slices(slice_ns), [slice(2), slice(4)]);
        shared.publish(1, &recorder, 2000 * MS);
        shared.publish(0, &recorder, 2000 * MS);
        let all = shared.slices(slice_ns);
        assert_eq!((all.len(), all[2], all[3]), (50, slice(0), slice(2)));
    }
}
