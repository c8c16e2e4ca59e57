//! Signals received through a descriptor instead of a handler.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Blocks `signals` in this thread, which its threads and processes inherit, and
/// opens a descriptor that is readable while one of them is pending (signalfd(2)).
///
/// # Errors
/// When sigprocmask(2) or signalfd(2) fails.
pub(crate) fn block(signals: &[Signal]) -> io::Result<SignalFd> {
    let set = signals.iter().copied().collect::<SigSet>();
    set.thread_block()?;
    let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
    Ok(SignalFd::with_flags(&set, flags)?)
}
