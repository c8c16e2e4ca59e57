//! Forking in a process with one thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::unistd::{ForkResult, Pid};

/// The exit code of a forked child whose body panicked, as in a Rust program.
pub const PANICKED: i32 = 101;

/// Forks. The child runs `body` and exits with the returned code, without
/// flushing buffers or running destructors or exit handlers of its parent.
///
/// # Errors
/// When fork(2) fails.
///
/// # Panics
/// In debug builds, when this process has more than one thread: a lock could
/// then stay locked in the child, by a thread that does not exist there
/// (fork(2), NOTES).
pub fn fork_child(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    debug_assert_eq!(thread_count()?, 1, "fork in a process with several threads");
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the only place that forks"
    )]
    // SAFETY: there is one thread (asserted when the server is made, and here in
    // debug builds), so the child may call any function.
    let forked = unsafe { nix::unistd::fork() }?;
    match forked {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED);
            // SAFETY: _exit accepts any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// The number of threads of this process.
///
/// # Errors
/// When /proc cannot be read.
pub fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}
