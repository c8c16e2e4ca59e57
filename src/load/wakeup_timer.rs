//! Waking up in time: a poll's timeout is rounded up to milliseconds, a timerfd is not.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

/// The token of the alarm's events, which say nothing but that it is time.
pub(crate) const WAKEUP: Token = Token(usize::MAX - 1);
/// Setting the timer and sleeping takes longer than this: it is not worth it.
const TOO_SHORT_NS: u64 = 5_000;
/// The timer is set so much early at most; what is left of that is spent looking for replies.
const MOST_EARLY_NS: u64 = 30_000;
/// And at most one part in so many of the time between alarms, so that the server gets the core.
const EARLY_PART: u64 = 4;
/// Times further apart than this are as good as this.
const LONG_NS: u64 = 10_000_000;
/// A poll's own timeout, which is rounded to milliseconds, comes after the timer.
const AFTER: Duration = Duration::from_millis(2);

/// A timer on a poll, set early by as much as it was late before.
///
/// A virtual machine's core takes some 30 to 50 µs to be woken, and about as
/// much CPU time. Looking for replies for that long instead of sleeping costs no
/// more (Karlin et al., *Empirical Studies of Competitive Spinning*, SOSP 1991).
#[derive(Debug)]
pub(crate) struct WakeupTimer {
    timer: TimerFd,
    /// When it will ring, if it has been set.
    rings_ns: Option<u64>,
    /// How late it has rung of late.
    late_ns: u64,
    /// What it was last to wake up for, …
    wake_ns: u64,
    /// … and how far apart such times lay of late.
    apart_ns: u64,
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
            rings_ns: None,
            late_ns: 0,
            wake_ns: 0,
            apart_ns: 0,
        })
    }

    /// Sees to it that a poll with the timeout that this returns ends by about `wake_ns`.
    pub(crate) fn set(&mut self, now_ns: u64, wake_ns: u64) -> io::Result<Duration> {
        let wait_ns = wake_ns.saturating_sub(now_ns);
        if wake_ns > self.wake_ns {
            let apart_ns = (wake_ns - self.wake_ns).min(LONG_NS);
            self.apart_ns = smoothed(self.apart_ns, apart_ns);
            self.wake_ns = wake_ns;
        }
        let most_early_ns = MOST_EARLY_NS.min(self.apart_ns / EARLY_PART);
        let early_ns = self.late_ns.min(most_early_ns);
        if wait_ns < TOO_SHORT_NS.max(early_ns) {
            return Ok(Duration::ZERO);
        }
        let rings_ns = wake_ns - early_ns;
        // An alarm that was left from before wakes the poll for nothing, and that is all.
        let set_already = self.rings_ns.is_some_and(|set_ns| set_ns == rings_ns);
        if !set_already {
            let wait = TimeSpec::from(Duration::from_nanos(rings_ns - now_ns));
            self.timer
                .set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?;
            self.rings_ns = Some(rings_ns);
        }
        Ok(Duration::from_nanos(wait_ns) + AFTER)
    }

    /// It has rung, and this was seen at `now_ns`.
    pub(crate) fn rang(&mut self, now_ns: u64) {
        if let Some(rings_ns) = self.rings_ns.take_if(|rings_ns| *rings_ns <= now_ns) {
            // One that was late for want of a core counts for little.
            let late_ns = (now_ns - rings_ns).min(2 * MOST_EARLY_NS);
            self.late_ns = smoothed(self.late_ns, late_ns);
        }
    }
}

/// As a round trip's time is smoothed (RFC 6298).
fn smoothed(before: u64, now: u64) -> u64 {
    (7 * before + now) / 8
}
