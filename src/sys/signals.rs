//! Signals received through a descriptor instead of a handler, and those that a program is started with.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The last signal of the kernel.
const LAST_SIGNAL: libc::c_long = 64;
/// The size of the kernel's set of signals.
const SIGNAL_SET_BYTES: usize = 8;

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

/// Lets `command` start its program with no signal blocked and none ignored.
///
/// A program inherits both (execve(2)), and few reset them: one that was started
/// with SIGTERM blocked does not end when it is sent SIGTERM.
pub(crate) fn start_with_defaults(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec, `reset` allocates nothing, takes no lock and makes only
    // the system calls sigaction(2) and sigprocmask(2), which are async-signal-safe
    // (signal-safety(7)).
    unsafe { command.pre_exec(reset) }
}

/// Resets the dispositions before it unblocks, so that a pending signal has its default effect.
fn reset() -> io::Result<()> {
    // The kernel's struct sigaction, or more: all zeroes is SIG_DFL without flags on every
    // architecture.
    let default = [0_u64; 8];
    for signal in 1..=LAST_SIGNAL {
        // libc's function refuses the two signals that it reserves, and they can be ignored too.
        // SAFETY: the kernel reads at most `default` and writes nothing. It refuses SIGKILL and
        // SIGSTOP, which are never ignored.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                std::ptr::null_mut::<u64>(),
                SIGNAL_SET_BYTES,
            )
        };
    }
    Ok(SigSet::empty().thread_set_mask()?)
}
