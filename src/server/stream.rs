//! What both drivers need of a stream.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// Makes the close that follows a reset, so that nothing waits for a peer that does not read.
pub(crate) fn close_with_reset(stream: &impl AsFd) {
    // Where this fails the connection is gone already.
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

pub(crate) fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
