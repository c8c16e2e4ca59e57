//! The scheduling priority of a thread of the generator, which is given back where it would take
//! the server's cores.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::sys::priority::{Priority, ThreadPriority};

/// A raised thread becomes a normal one when it uses more than this share of a core.
const MOST_BUSY: f64 = 0.7;

/// The priority of this thread.
#[derive(Debug)]
pub(crate) struct ClientPriority {
    /// What it had before.
    before: ThreadPriority,
    has: Cell<Priority>,
    /// The time of the last check, if there was one, and the CPU time of the thread until then.
    checked: Cell<Option<(Instant, Duration)>>,
}

impl ClientPriority {
    /// Raises this thread to `wanted`, or to the next lower priority that is permitted.
    ///
    /// # Errors
    /// When its priority cannot be read.
    pub(crate) fn raise(wanted: Priority) -> io::Result<ClientPriority> {
        let before = ThreadPriority::read()?;
        let lower = [Priority::Realtime, Priority::Nice];
        let tries = lower.into_iter().filter(|priority| *priority <= wanted);
        tries
            .map(|priority| before.raise(priority))
            .find(Result::is_ok);
        Ok(ClientPriority {
            before,
            has: Cell::new(ThreadPriority::read()?.priority()),
            checked: Cell::new(None),
        })
    }

    /// What the thread has now.
    pub(crate) fn has(&self) -> Priority {
        self.has.get()
    }

    /// Gives the priority back if the thread was busy since the last check.
    pub(crate) fn check(&self) {
        if self.has.get() == self.before.priority() {
            return;
        }
        let now = (Instant::now(), cpu());
        let Some(last) = self.checked.replace(Some(now)) else {
            return;
        };
        if is_busy(now.1.saturating_sub(last.1), now.0 - last.0) && self.before.restore().is_ok() {
            self.has.set(self.before.priority());
        }
    }
}

fn is_busy(cpu: Duration, elapsed: Duration) -> bool {
    cpu.as_secs_f64() > MOST_BUSY * elapsed.as_secs_f64()
}

/// The CPU time of this thread.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_becomes_a_normal_one() {
        let wanted = Priority::permitted()[0];
        let thread = std::thread::spawn(move || {
            let priority = ClientPriority::raise(wanted).unwrap();
            let raised = priority.has();
            priority.check();
            std::thread::sleep(Duration::from_millis(20));
            priority.check();
            let after_sleep = priority.has();
            let started = cpu();
            while cpu() - started < Duration::from_millis(2) {}
            // As if no time had passed but that on the core.
            let before = Instant::now() - Duration::from_millis(2);
            priority.checked.set(Some((before, started)));
            priority.check();
            let is_back = ThreadPriority::read().unwrap() == priority.before;
            (
                raised,
                after_sleep,
                priority.has() == priority.before.priority() && is_back,
            )
        });
        let (raised, after_sleep, is_back) = thread.join().unwrap();
        assert!(raised >= wanted);
        assert_eq!(after_sleep, raised);
        assert!(is_back);
    }

    #[test]
    fn over_seven_tenths_of_a_core_is_busy() {
        let millis = Duration::from_millis;
        assert!(!is_busy(millis(69), millis(100)));
        assert!(is_busy(millis(71), millis(100)));
    }
}
