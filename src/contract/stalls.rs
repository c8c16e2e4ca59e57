//! Times at which the machine stood still, so that a case measured it instead of the server.
//!
//! A thread per core asks to be woken every 5 ms. One that comes much later had no core: the
//! hypervisor took it away, or something else used it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::violation::{Checked, Violation};
use crate::sys::Cpus;

/// How often a case that the machine disturbed is run, the last one counts.
pub(super) const ATTEMPTS: u32 = 3;
/// A core that runs a thread this much late stood still; the shortest slack of a case is 100 ms.
const STALL: Duration = Duration::from_millis(50);
const PERIOD: Duration = Duration::from_millis(5);
/// Cores that are watched at most.
const MAX_CORES: usize = 16;

/// Notices stalls while cases run.
#[derive(Debug)]
pub(super) struct StallWatch {
    begun: Instant,
    /// The end of the latest stall, in nanoseconds since `begun`; 0 when there was none.
    latest_end_ns: AtomicU64,
    ended: AtomicBool,
}

impl StallWatch {
    /// Does this work, and watches the machine meanwhile.
    pub(super) fn during(work: impl FnOnce(&StallWatch)) {
        let watch = StallWatch {
            begun: Instant::now(),
            latest_end_ns: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            let watch = &watch;
            for core in cores() {
                scope.spawn(move || {
                    // Without its own core the thread watches those that it gets.
                    let _ = core.pin();
                    watch.watch();
                });
            }
            // Also when the work panics; the scope joins the threads.
            let _end = EndOnDrop(&watch.ended);
            work(watch);
        });
    }

    /// Whether the machine stood still at some time since then.
    pub(super) fn seen_since(&self, time: Instant) -> bool {
        let since_ns = time.duration_since(self.begun).as_nanos();
        u128::from(self.latest_end_ns.load(Relaxed)) > since_ns
    }

    fn watch(&self) {
        while !self.ended.load(Relaxed) {
            let before = Instant::now();
            thread::sleep(PERIOD);
            if before.elapsed() >= PERIOD + STALL {
                let end_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.latest_end_ns.fetch_max(end_ns, Relaxed);
            }
        }
    }
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
/// says that the machine may be the reason, given the time at which the attempt began.
pub(super) fn attempts(
    mut case: impl FnMut() -> Checked,
    is_disturbed: impl Fn(Instant) -> bool,
) -> Checked {
    for _ in 1..ATTEMPTS {
        let begun = Instant::now();
        match case() {
            Err(_) if is_disturbed(begun) => {}
            result => return result,
        }
    }
    let begun = Instant::now();
    case().map_err(|violation| Violation {
        seen: if is_disturbed(begun) {
            format!(
                "{} (in the last of {ATTEMPTS} attempts, all while the machine stood still for \
                 {STALL:?} or longer)",
                violation.seen
            )
        } else {
            violation.seen
        },
        ..violation
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// The result and the number of attempts of a case that holds from the `nth` attempt on.
    fn run(holds_at: u32, disturbed: u32) -> (Checked, u32) {
        let count = Cell::new(0);
        let case = || {
            count.set(count.get() + 1);
            if count.get() >= holds_at {
                Ok(())
            } else {
                Err(Violation::new("a reply", "none"))
            }
        };
        let result = attempts(case, |_| count.get() <= disturbed);
        (result, count.get())
    }

    #[test]
    fn a_violation_counts_unless_the_machine_was_disturbed() {
        assert_eq!(run(1, 0), (Ok(()), 1));
        assert_eq!(run(9, 0), (Err(Violation::new("a reply", "none")), 1));
        assert_eq!(run(2, 1), (Ok(()), 2));
        assert_eq!(run(3, 2), (Ok(()), 3));
        assert_eq!(run(9, 1), (Err(Violation::new("a reply", "none")), 2));
        assert_eq!(run(9, 2), (Err(Violation::new("a reply", "none")), 3));
        let (result, count) = run(9, 9);
        assert_eq!(count, 3);
        let seen = result.unwrap_err().seen;
        assert!(
            seen.starts_with("none (in the last of 3 attempts"),
            "{seen}"
        );
    }

    #[test]
    fn a_stall_is_of_the_time_before_its_end() {
        let begun = Instant::now();
        let watch = StallWatch {
            begun,
            latest_end_ns: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        };
        assert!(!watch.seen_since(begun));
        watch.latest_end_ns.store(2_000_000, Relaxed);
        assert!(watch.seen_since(begun + Duration::from_millis(1)));
        assert!(!watch.seen_since(begun + Duration::from_millis(2)));
    }
}
