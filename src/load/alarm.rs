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
pub(super) const ALARM: Token = Token(usize::MAX - 1);

/// Setting the timer and sleeping takes longer than this: it is not worth it.
const TOO_SHORT_NS: u64 = 5_000;
/// From here on a poll's own timeout will do.
const LONG_NS: u64 = 10_000_000;

/// A timer on a poll.
#[derive(Debug)]
pub(super) struct Alarm(TimerFd);

impl Alarm {
    pub(super) fn new(poll: &Poll) -> io::Result<Alarm> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), ALARM, Interest::READABLE)?;
        Ok(Alarm(timer))
    }

    /// Sees to it that a poll with the timeout that this returns ends after `wait_ns`.
    pub(super) fn set(&self, wait_ns: u64) -> io::Result<Duration> {
        if wait_ns < TOO_SHORT_NS {
            return Ok(Duration::ZERO);
        }
        if wait_ns < LONG_NS {
            let wait = TimeSpec::from(Duration::from_nanos(wait_ns));
            self.0
                .set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?;
        }
        // An alarm that was left from before wakes the poll for nothing, and that is all.
        Ok(Duration::from_nanos(wait_ns))
    }
}
