//! Waiting until descriptors are ready.

use std::io;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, ppoll};
use nix::sys::time::TimeSpec;

/// Waits until a descriptor is ready (true) or `until` has passed (false).
///
/// # Errors
/// When ppoll(2) fails.
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

/// Whether the descriptor was ready in the last poll; an error counts as ready.
pub(crate) fn is_ready(fd: &PollFd<'_>) -> bool {
    fd.any().unwrap_or(true)
}
