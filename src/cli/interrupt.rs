//! Ctrl-C: read from a signalfd where the program waits, never in a signal handler.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use crate::cluster::started_by::StartedBy;
use crate::sys::signals;

/// SIGINT and SIGTERM, blocked in this thread and in all that it starts later.
#[derive(Debug)]
pub(crate) struct Interrupt(SignalFd);

impl Interrupt {
    /// Blocks these signals: they no longer end the process.
    pub(crate) fn catch() -> io::Result<Interrupt> {
        let mut all = vec![Signal::SIGINT, Signal::SIGTERM];
        if StartedBy::environment().is_some() {
            // The first signal of Open MPI when another rank has died.
            all.push(Signal::SIGCONT);
        }
        signals::block(&all).map(Interrupt)
    }

    /// Waits for at most `most`; true when a signal came, which is then consumed.
    pub(crate) fn wait(&self, most: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        let most = PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, most) {
            Ok(0) | Err(Errno::EINTR) => Ok(false),
            Ok(_) => Ok(self.0.read_signal()?.is_some()),
            Err(error) => Err(error.into()),
        }
    }
}
