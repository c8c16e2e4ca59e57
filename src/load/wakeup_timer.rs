//! When a thread must wake up: a poll's timeout is rounded up to milliseconds, a timerfd is not.

use std::time::Duration;

/// For shorter waits the thread does not sleep: setting the timer and sleeping takes longer.
const MIN_SLEEP_NS: u64 = 5_000;
/// The timer is set early by at most this; the thread polls for replies in the time left.
const MAX_EARLY_NS: u64 = 30_000;
/// It is also set early by at most the time between wakeups divided by this, so that the server
/// gets the core.
const EARLY_DIVISOR: u64 = 4;
/// Longer times between wakeups count as this.
const MAX_INTERVAL_NS: u64 = 10_000_000;
/// The poll's own timeout, which is rounded to milliseconds, ends this long after the timer.
const POLL_MARGIN: Duration = Duration::from_millis(2);

/// Decides when the timer of a thread expires: early, by the mean delay of earlier wakeups.
///
/// Waking a virtual machine's core takes about 30 to 50 µs, and about as much CPU time.
/// Polling for replies for that long instead of sleeping does not cost more (Karlin et al.,
/// *Empirical Studies of Competitive Spinning*, SOSP 1991).
#[derive(Debug, Default)]
pub struct WakeupTimer {
    /// When the timer expires, if it is set.
    expires_ns: Option<u64>,
    /// Smoothed delay between expiry and wakeup.
    late_ns: u64,
    /// The latest time for which a wakeup was requested.
    wake_ns: u64,
    /// Smoothed time between wakeups.
    interval_ns: u64,
}

/// A wait for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Set the timer to expire after this time, in place of what it was set to. `None`: leave it.
    pub set_timer: Option<Duration>,
    /// The longest wait, if the timer does not end it.
    pub longest: Duration,
}

impl Wait {
    /// No wait: what has happened so far.
    pub const POLL: Wait = Wait {
        set_timer: None,
        longest: Duration::ZERO,
    };
}

impl WakeupTimer {
    /// A wait that ends at about `wake_ns`.
    pub fn wait(&mut self, now_ns: u64, wake_ns: u64) -> Wait {
        let wait_ns = wake_ns.saturating_sub(now_ns);
        if wake_ns > self.wake_ns {
            let interval_ns = (wake_ns - self.wake_ns).min(MAX_INTERVAL_NS);
            self.interval_ns = smoothed(self.interval_ns, interval_ns);
            self.wake_ns = wake_ns;
        }
        let max_early_ns = MAX_EARLY_NS.min(self.interval_ns / EARLY_DIVISOR);
        let early_ns = self.late_ns.min(max_early_ns);
        if wait_ns < MIN_SLEEP_NS.max(early_ns) {
            return Wait::POLL;
        }
        let expires_ns = wake_ns - early_ns;
        // A timer that is still set from before can only cause one needless wakeup.
        let is_already_set = self.expires_ns == Some(expires_ns);
        self.expires_ns = Some(expires_ns);
        Wait {
            set_timer: (!is_already_set).then(|| Duration::from_nanos(expires_ns - now_ns)),
            longest: Duration::from_nanos(wait_ns) + POLL_MARGIN,
        }
    }

    /// Records at `now_ns` that the timer has expired.
    pub fn expired(&mut self, now_ns: u64) {
        if let Some(expires_ns) = self.expires_ns.take_if(|expires_ns| *expires_ns <= now_ns) {
            // Limits the effect of a wakeup that was late because no core was free.
            let late_ns = (now_ns - expires_ns).min(2 * MAX_EARLY_NS);
            self.late_ns = smoothed(self.late_ns, late_ns);
        }
    }
}

/// Exponential smoothing, as for round-trip times (RFC 6298).
fn smoothed(before: u64, now: u64) -> u64 {
    (7 * before + now) / 8
}
