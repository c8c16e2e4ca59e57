//! Stream functions for the blocking and the non-blocking driver.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// Makes the next close send a reset, so that unsent data does not wait for a peer that does not read.
pub(crate) fn close_with_reset(stream: &impl AsFd) {
    // If this fails, the connection is closed already.
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

pub(crate) fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
