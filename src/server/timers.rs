//! Timers of a readiness loop, on one timerfd: a poll timeout is rounded to milliseconds.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

use super::timer_queue::TimerQueue;

/// Keys with due times. The descriptor is readable when a key is due.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use rpcbench::Timers;
///
/// let mut timers = Timers::new()?;
/// let at = Instant::now() + Duration::from_millis(1);
/// timers.add(at, 7)?;
/// std::thread::sleep(Duration::from_millis(2));
/// assert_eq!(timers.due()?, [(7, at)]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Timers {
    fd: TimerFd,
    queue: TimerQueue,
}

impl Timers {
    /// Creates an empty set.
    ///
    /// # Errors
    /// When timerfd_create(2) fails.
    pub fn new() -> io::Result<Timers> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Timers {
            fd: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?,
            queue: TimerQueue::default(),
        })
    }

    /// Adds `key`, due at `at`.
    ///
    /// # Errors
    /// When timerfd_settime(2) fails.
    pub fn add(&mut self, at: Instant, key: usize) -> io::Result<()> {
        let first = self.queue.next().is_none_or(|earliest| at < earliest);
        self.queue.add(at, key);
        if first { self.arm() } else { Ok(()) }
    }

    /// Removes and returns the due keys. The time of each distinguishes it from an earlier use of the key.
    ///
    /// # Errors
    /// When timerfd_settime(2) fails.
    pub fn due(&mut self) -> io::Result<Vec<(usize, Instant)>> {
        let now = Instant::now();
        let keys = std::iter::from_fn(|| self.queue.pop_due(now)).collect();
        // Setting the timer again also makes the descriptor unreadable.
        self.arm()?;
        Ok(keys)
    }

    fn arm(&self) -> io::Result<()> {
        let Some(at) = self.queue.next() else {
            return Ok(self.fd.unset()?);
        };
        // Zero would disarm the timer.
        let left = at
            .saturating_duration_since(Instant::now())
            .max(Duration::from_nanos(1));
        Ok(self.fd.set(
            Expiration::OneShot(TimeSpec::from(left)),
            TimerSetTimeFlags::empty(),
        )?)
    }
}

impl AsFd for Timers {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
