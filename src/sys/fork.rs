//! Forking, and only where it is safe.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::unistd::{ForkResult, Pid};

/// What a forked child exits with when its body panicked, as a Rust program would.
pub const PANICKED: i32 = 101;

/// Forks; the child runs `body` and ends with the code that it returns, without
/// running anything else of its parent's (buffers, destructors, exit handlers).
///
/// # Errors
/// What fork(2) says.
///
/// # Panics
/// When this process has more than one thread: the child could then find a lock
/// held by a thread that does not exist in it (fork(2), NOTES).
pub fn fork_child(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    debug_assert_eq!(thread_count()?, 1, "fork in a process with several threads");
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that forks"
    )]
    // SAFETY: there is one thread (asserted when the server is made, and here in
    // debug builds), so the child may do all that its parent could.
    let forked = unsafe { nix::unistd::fork() }?;
    match forked {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED);
            // SAFETY: _exit takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// How many threads this process has.
///
/// # Errors
/// When /proc cannot be read.
pub fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}
