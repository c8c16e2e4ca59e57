//! The stop signal, received through a descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use crate::sys::poll::poll_until;
use crate::sys::signals;

/// Whether SIGTERM or SIGINT has arrived, and the deadline of the drain. The models
/// [`threaded`](crate::models::threaded) and [`async`](crate::models::async) are the examples.
///
/// The signals are blocked and never read from the descriptor, so it stays
/// readable for every thread that polls it. In a forked child it shows the
/// child's signals: a signalfd belongs to the process that reads it (signalfd(2)).
#[derive(Debug)]
pub struct Stop {
    signals: SignalFd,
    drain: Duration,
    deadline: OnceLock<Instant>,
}

impl Stop {
    pub(crate) fn new(drain: Duration) -> io::Result<Stop> {
        let signals = signals::block(&[Signal::SIGTERM, Signal::SIGINT])?;
        Ok(Stop {
            signals,
            drain,
            deadline: OnceLock::new(),
        })
    }

    /// The end of the drain; `None` before a stop is requested.
    pub fn deadline(&self) -> Option<Instant> {
        if self.deadline.get().is_none() && !readable(&self.signals) {
            return None;
        }
        Some(*self.deadline.get_or_init(|| Instant::now() + self.drain))
    }

    /// Whether a stop has been requested and this process has noticed it: no system call.
    pub(crate) fn is_noticed(&self) -> bool {
        self.deadline.get().is_some()
    }

    /// Whether a stop has been requested.
    pub fn requested(&self) -> bool {
        self.deadline().is_some()
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

fn readable(signals: &SignalFd) -> bool {
    let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    poll_until(&mut fds, Some(Instant::now())).is_ok_and(|ready| ready)
}
