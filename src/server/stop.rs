//! The one stop signal, seen through a descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;

/// Tells whether SIGTERM or SIGINT has come, and holds the deadline of the drain.
///
/// The signals are blocked and never read from the descriptor, so it stays
/// readable for every thread that polls it. A forked child has its own: a
/// signalfd shows the signals of the process that looks (signalfd(2)).
#[derive(Debug)]
pub struct Stop {
    signals: SignalFd,
    drain: Duration,
    deadline: OnceLock<Instant>,
}

impl Stop {
    pub(super) fn new(drain: Duration) -> io::Result<Stop> {
        let signals = blocked(&[Signal::SIGTERM, Signal::SIGINT])?;
        Ok(Stop {
            signals,
            drain,
            deadline: OnceLock::new(),
        })
    }

    /// When what is still in flight is cut; `None` while nobody has asked to stop.
    pub fn deadline(&self) -> Option<Instant> {
        if self.deadline.get().is_none() && !readable(&self.signals) {
            return None;
        }
        Some(*self.deadline.get_or_init(|| Instant::now() + self.drain))
    }

    /// Whether somebody has asked to stop.
    pub fn requested(&self) -> bool {
        self.deadline().is_some()
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

/// Blocks `signals` in this thread, and so in all it starts, and opens a descriptor for them.
pub(super) fn blocked(signals: &[Signal]) -> io::Result<SignalFd> {
    let set = signals.iter().copied().collect::<SigSet>();
    set.thread_block()?;
    Ok(SignalFd::with_flags(
        &set,
        SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
    )?)
}

fn readable(signals: &SignalFd) -> bool {
    let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    poll_until(&mut fds, Some(Instant::now())).is_ok_and(|ready| ready)
}

/// Waits until a descriptor is ready (true) or the time has come (false).
///
/// # Errors
/// What ppoll(2) says.
pub(super) fn poll_until(fds: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<bool> {
    loop {
        let left =
            until.map(|until| TimeSpec::from(until.saturating_duration_since(Instant::now())));
        match ppoll(fds, left, None) {
            Err(Errno::EINTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

/// Whether the descriptor was ready in the last poll, be it with an error.
pub(super) fn is_ready(fd: &PollFd<'_>) -> bool {
    fd.any().unwrap_or(true)
}
