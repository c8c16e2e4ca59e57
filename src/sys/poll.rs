//! Waiting for descriptors.

use std::io;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, ppoll};
use nix::sys::time::TimeSpec;

/// Waits until a descriptor is ready (true) or the time has come (false).
///
/// # Errors
/// What ppoll(2) says.
pub(crate) fn poll_until(fds: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<bool> {
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
pub(crate) fn is_ready(fd: &PollFd<'_>) -> bool {
    fd.any().unwrap_or(true)
}
