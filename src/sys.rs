//! The only unsafe code: what no crate offers as a safe call.

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;

use nix::sys::memfd::{MFdFlags, memfd_create};
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

/// Accepts a connection as a non-blocking, close-on-exec socket in one system call.
///
/// # Errors
/// What accept4(2) says.
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (no_address, no_length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the descriptor is open; a null address is allowed and then nothing is written.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), no_address, no_length, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: accept4 has just made this descriptor and nobody else has it.
    Ok(unsafe { TcpStream::from_raw_fd(fd) })
}

/// Adds `fd` to an epoll instance so that of the instances that wait for it only
/// some are woken (EPOLLEXCLUSIVE, epoll_ctl(2)), which mio cannot say.
///
/// # Errors
/// What epoll_ctl(2) says.
pub fn add_exclusive(epoll: RawFd, fd: &impl AsFd, token: usize) -> io::Result<()> {
    let mut event = libc::epoll_event {
        events: (libc::EPOLLIN | libc::EPOLLEXCLUSIVE) as u32,
        u64: token as u64,
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `event` lives through the call, which only reads it.
    match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How a child ended, and what it and the children that it reaped had used.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Which child.
    pub pid: i32,
    /// Its exit code, or none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Voluntary context switches over its life.
    pub ctx_voluntary: u64,
    /// Involuntary context switches over its life.
    pub ctx_involuntary: u64,
}

/// Reaps one ended child, if there is any, with its resource usage (wait4(2)).
///
/// # Errors
/// ECHILD where there is no child at all.
pub fn reap_with_usage() -> io::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: all zeroes is a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the right types.
    match unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(Ended {
            pid,
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            ctx_voluntary: usage.ru_nvcsw.unsigned_abs(),
            ctx_involuntary: usage.ru_nivcsw.unsigned_abs(),
        })),
    }
}

/// Counters in memory that several processes share.
#[derive(Debug)]
pub struct SharedCounters {
    file: File,
    start: std::ptr::NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: what is shared are atomics, and the mapping stays until drop.
unsafe impl Send for SharedCounters {}
// SAFETY: as above.
unsafe impl Sync for SharedCounters {}

impl SharedCounters {
    /// Makes `count` counters, all 0, that forked children share.
    ///
    /// # Errors
    /// What memfd_create(2), ftruncate(2) or mmap(2) says.
    pub fn create(count: usize) -> io::Result<SharedCounters> {
        let file = File::from(memfd_create("rpcbench-meter", MFdFlags::MFD_CLOEXEC)?);
        file.set_len((count * size_of::<AtomicU64>()) as u64)?;
        SharedCounters::map(file)
    }

    /// Maps the counters that another process made and holds open as `file`.
    ///
    /// # Errors
    /// What fstat(2) or mmap(2) says.
    pub fn map(file: File) -> io::Result<SharedCounters> {
        use nix::sys::mman::{MapFlags, ProtFlags, mmap};
        let count = file.metadata()?.len() as usize / size_of::<AtomicU64>();
        let bytes = std::num::NonZeroUsize::new(count * size_of::<AtomicU64>())
            .ok_or_else(|| io::Error::other("the shared page is empty"))?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a fresh shared mapping of a file of at least this length, which nobody shrinks.
        let start = unsafe { mmap(None, bytes, access, MapFlags::MAP_SHARED, &file, 0) }?;
        Ok(SharedCounters {
            file,
            start: start.cast(),
            count,
        })
    }

    /// The counters.
    pub fn get(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, as long as this, and unmapped only on drop;
        // other processes change it only through atomics.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }

    /// The descriptor by which another process finds the memory in /proc/PID/fd.
    pub fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl Drop for SharedCounters {
    fn drop(&mut self) {
        let bytes = self.count * size_of::<AtomicU64>();
        // SAFETY: maps exactly what `map` mapped, and no reference outlives self. A failure leaves it mapped.
        let _ = unsafe { nix::sys::mman::munmap(self.start.cast(), bytes) };
    }
}
