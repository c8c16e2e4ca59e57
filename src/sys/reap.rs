//! Reaping children and reading their resource usage.

use std::io;

/// How a child ended, and its resource usage, including that of the children it reaped.
#[derive(Debug, Clone, Copy)]
pub struct ReapedChild {
    /// Its process id.
    pub pid: i32,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it; `None` if it exited.
    pub signal: Option<i32>,
    /// Voluntary context switches over its lifetime.
    pub ctx_voluntary: u64,
    /// Involuntary context switches over its lifetime.
    pub ctx_involuntary: u64,
}

/// Reaps one ended child and reads its resource usage (wait4(2)). `None` if no child has ended.
///
/// # Errors
/// ECHILD if there are no children.
pub fn reap_with_usage() -> io::Result<Option<ReapedChild>> {
    let mut status = 0;
    // SAFETY: all zeroes is a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the correct types.
    match unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(ReapedChild {
            pid,
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            ctx_voluntary: usage.ru_nvcsw.unsigned_abs(),
            ctx_involuntary: usage.ru_nivcsw.unsigned_abs(),
        })),
    }
}
