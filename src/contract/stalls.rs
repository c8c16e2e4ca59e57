//! Times at which a thread had no core, so that a case measured the machine instead of the server.
//!
//! A thread per core asks to be woken every 5 ms. One that comes much later waited for its core:
//! the hypervisor took it away, or something else used it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::violation::{Checked, Violation};
use crate::sys::Cpus;

/// How often a case is run at most.
pub(super) const ATTEMPTS: usize = 3;
/// How late a thread is that waited for a core; the shortest slack of a case is 100 ms.
pub(super) const STALL: Duration = Duration::from_millis(50);
const PERIOD: Duration = Duration::from_millis(5);
/// Cores that are watched at most.
const MAX_CORES: usize = 16;
/// The latest wake-up of a thread that has not begun.
const NOT_BEGUN: u64 = u64::MAX;

/// Notices stalls while cases run.
#[derive(Debug)]
pub(super) struct StallWatch {
    begun: Instant,
    /// The end of the latest stall, in nanoseconds since `begun`; 0 when there was none.
    latest_end_ns: AtomicU64,
    /// The latest wake-up of each thread, in nanoseconds since `begun`.
    wakeups_ns: Vec<AtomicU64>,
    ended: AtomicBool,
}

impl StallWatch {
    fn new(cores: usize) -> StallWatch {
        StallWatch {
            begun: Instant::now(),
            latest_end_ns: AtomicU64::new(0),
            wakeups_ns: (0..cores).map(|_| AtomicU64::new(NOT_BEGUN)).collect(),
            ended: AtomicBool::new(false),
        }
    }

    /// Does this work, and watches the machine meanwhile.
    pub(super) fn during(work: impl FnOnce(&StallWatch)) {
        let cores = cores();
        let watch = &StallWatch::new(cores.len());
        thread::scope(|scope| {
            // Also when the work panics; the scope joins the threads.
            let _end = EndOnDrop(&watch.ended);
            for (core, wakeup_ns) in cores.into_iter().zip(&watch.wakeups_ns) {
                let watch_core = move || {
                    // Without its own core the thread watches those that it gets.
                    let _ = core.pin();
                    watch.watch(wakeup_ns);
                };
                // Without a thread this core is not watched.
                let _ = thread::Builder::new().spawn_scoped(scope, watch_core);
            }
            work(watch);
        });
    }

    /// Whether a thread waited for its core at some time since then.
    pub(super) fn seen_since(&self, time: Instant) -> bool {
        let since_ns = ns(time.saturating_duration_since(self.begun));
        self.latest_end_ns.load(Relaxed) > since_ns || self.is_in_stall(self.now_ns())
    }

    fn is_in_stall(&self, now_ns: u64) -> bool {
        let mut wakeups_ns = self.wakeups_ns.iter().map(|wakeup| wakeup.load(Relaxed));
        wakeups_ns.any(|wakeup_ns| wakeup_ns != NOT_BEGUN && is_stall(wakeup_ns, now_ns))
    }

    fn watch(&self, wakeup_ns: &AtomicU64) {
        wakeup_ns.store(self.now_ns(), Relaxed);
        while !self.ended.load(Relaxed) {
            thread::sleep(PERIOD);
            let now_ns = self.now_ns();
            if is_stall(wakeup_ns.swap(now_ns, Relaxed), now_ns) {
                self.latest_end_ns.fetch_max(now_ns, Relaxed);
            }
        }
    }

    fn now_ns(&self) -> u64 {
        ns(self.begun.elapsed())
    }
}

fn is_stall(wakeup_ns: u64, now_ns: u64) -> bool {
    now_ns.saturating_sub(wakeup_ns) >= ns(PERIOD + STALL)
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn cores() -> Vec<Cpus> {
    let allowed = Cpus::allowed().map(|cpus| cpus.each()).unwrap_or_default();
    allowed.into_iter().take(MAX_CORES).collect()
}

/// Runs a case again, at most [`ATTEMPTS`] times in all, while it is violated and `is_disturbed`
/// says that the machine may be the reason, given the time at which the attempt began. The result
/// is that of the last attempt; with it, what was seen in those before.
pub(super) fn attempts(
    mut case: impl FnMut() -> Checked,
    is_disturbed: impl Fn(Instant) -> bool,
) -> (Checked, Vec<Violation>) {
    let mut disturbed = Vec::new();
    loop {
        let begun = Instant::now();
        match case() {
            Err(violation) if disturbed.len() + 1 < ATTEMPTS && is_disturbed(begun) => {
                disturbed.push(violation);
            }
            result => return (result, disturbed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MS: u64 = 1_000_000;

    fn violation() -> Violation {
        Violation::new("a reply", "none")
    }

    /// A case that holds from an attempt on, of which the first ones are disturbed: whether it holds,
    /// and the number of attempts before the last.
    fn run(holds_at: u32, disturbed: u32) -> (bool, usize) {
        let count = Cell::new(0);
        let case = || {
            count.set(count.get() + 1);
            match count.get() >= holds_at {
                true => Ok(()),
                false => Err(violation()),
            }
        };
        let (result, before) = attempts(case, |_| count.get() <= disturbed);
        assert_eq!(before.len() + 1, count.get() as usize);
        assert!(before.iter().all(|seen| *seen == violation()));
        (result.is_ok(), before.len())
    }

    #[test]
    fn a_violation_counts_unless_the_machine_was_disturbed() {
        assert_eq!(run(1, 0), (true, 0));
        assert_eq!(run(9, 0), (false, 0));
        assert_eq!(run(2, 1), (true, 1));
        assert_eq!(run(3, 2), (true, 2));
        assert_eq!(run(9, 1), (false, 1));
        assert_eq!(run(9, 9), (false, 2));
    }

    #[test]
    fn a_stall_is_of_the_time_before_its_end_and_also_seen_before_it_ends() {
        let watch = StallWatch::new(1);
        let begun = watch.begun;
        assert!(!watch.seen_since(begun), "no thread has begun");
        watch.latest_end_ns.store(2 * MS, Relaxed);
        assert!(watch.seen_since(begun + Duration::from_millis(1)));
        assert!(!watch.seen_since(begun + Duration::from_millis(2)));

        watch.wakeups_ns[0].store(10 * MS, Relaxed);
        assert!(!watch.is_in_stall(64 * MS));
        assert!(watch.is_in_stall(65 * MS));
        assert!(!is_stall(10 * MS, 5 * MS));
    }

    #[test]
    fn every_core_is_watched_until_the_work_ends() {
        assert!(!cores().is_empty());
        StallWatch::during(|watch| {
            let begun = Instant::now();
            let is_begun = |wakeup: &AtomicU64| wakeup.load(Relaxed) != NOT_BEGUN;
            while !watch.wakeups_ns.iter().all(is_begun) {
                assert!(begun.elapsed() < Duration::from_secs(10), "{watch:?}");
                thread::sleep(PERIOD);
            }
        });
    }
}
