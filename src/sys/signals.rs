//! Signals seen through a descriptor instead of a handler.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Blocks `signals` in this thread, and so in all that it starts, and opens a
/// descriptor that is readable while one of them is pending (signalfd(2)).
///
/// # Errors
/// What sigprocmask(2) or signalfd(2) says.
pub(crate) fn block(signals: &[Signal]) -> io::Result<SignalFd> {
    let set = signals.iter().copied().collect::<SigSet>();
    set.thread_block()?;
    let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
    Ok(SignalFd::with_flags(&set, flags)?)
}
