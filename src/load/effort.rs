//! CPU time and scheduling delay of a generator thread.

use serde::{Deserialize, Serialize};

use std::fs;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// CPU time and scheduling delay of a generator thread, inside the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// CPU time.
    pub cpu: Duration,
    /// Scheduling delay: time in which it was runnable and had no core (schedstat, proc(5)).
    pub run_delay: Duration,
    /// Time of polls that found nothing to do, of a thread that does not sleep.
    pub idle_spin: Duration,
    /// Length of the measured interval.
    pub elapsed: Duration,
}

impl Effort {
    pub(crate) fn now(since: Instant) -> Effort {
        let cpu =
            clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
        let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let run_delay = schedstat
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|ns| ns.parse().ok());
        let run_delay = Duration::from_nanos(run_delay.unwrap_or(0));
        Effort {
            cpu,
            run_delay,
            idle_spin: Duration::ZERO,
            elapsed: since.elapsed(),
        }
    }

    /// CPU time that the load took: without polls that found nothing to do.
    pub fn used(&self) -> Duration {
        self.cpu.saturating_sub(self.idle_spin)
    }

    pub(crate) fn since(&self, before: &Effort) -> Effort {
        Effort {
            cpu: self.cpu.saturating_sub(before.cpu),
            run_delay: self.run_delay.saturating_sub(before.run_delay),
            idle_spin: self.idle_spin.saturating_sub(before.idle_spin),
            elapsed: self.elapsed.saturating_sub(before.elapsed),
        }
    }
}
