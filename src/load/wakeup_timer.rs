//! A precise wakeup timer: a poll's timeout is rounded up to milliseconds, a timerfd is not.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

/// The token of the timer's events.
pub(crate) const WAKEUP: Token = Token(usize::MAX - 1);
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

/// A timer on a poll. It is set early by the mean delay of earlier wakeups.
///
/// Waking a virtual machine's core takes about 30 to 50 µs, and about as much CPU time.
/// Polling for replies for that long instead of sleeping does not cost more (Karlin et al.,
/// *Empirical Studies of Competitive Spinning*, SOSP 1991).
#[derive(Debug)]
pub(crate) struct WakeupTimer {
    timer: TimerFd,
    /// When it expires, if it is set.
    expires_ns: Option<u64>,
    /// Smoothed delay between expiry and wakeup.
    late_ns: u64,
    /// The latest time for which a wakeup was requested.
    wake_ns: u64,
    /// Smoothed time between wakeups.
    interval_ns: u64,
}

impl WakeupTimer {
    pub(crate) fn new(poll: &Poll) -> io::Result<WakeupTimer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), WAKEUP, Interest::READABLE)?;
        Ok(WakeupTimer {
            timer,
            expires_ns: None,
            late_ns: 0,
            wake_ns: 0,
            interval_ns: 0,
        })
    }

    /// Sets the timer so that a poll with the returned timeout ends at about `wake_ns`.
    pub(crate) fn set(&mut self, now_ns: u64, wake_ns: u64) -> io::Result<Duration> {
        let wait_ns = wake_ns.saturating_sub(now_ns);
        if wake_ns > self.wake_ns {
            let interval_ns = (wake_ns - self.wake_ns).min(MAX_INTERVAL_NS);
            self.interval_ns = smoothed(self.interval_ns, interval_ns);
            self.wake_ns = wake_ns;
        }
        let max_early_ns = MAX_EARLY_NS.min(self.interval_ns / EARLY_DIVISOR);
        let early_ns = self.late_ns.min(max_early_ns);
        if wait_ns < MIN_SLEEP_NS.max(early_ns) {
            return Ok(Duration::ZERO);
        }
        let expires_ns = wake_ns - early_ns;
        // A timer that is still set from before can only cause one needless wakeup.
        let is_already_set = self.expires_ns.is_some_and(|set_ns| set_ns == expires_ns);
        if !is_already_set {
            let wait = TimeSpec::from(Duration::from_nanos(expires_ns - now_ns));
            self.timer
                .set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?;
            self.expires_ns = Some(expires_ns);
        }
        Ok(Duration::from_nanos(wait_ns) + POLL_MARGIN)
    }

    /// Records at `now_ns` that the timer has expired.
    pub(crate) fn expired(&mut self, now_ns: u64) {
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
