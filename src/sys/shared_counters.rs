//! The only unsafe code: what no crate offers as a safe call.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::AtomicU64;

use nix::sys::memfd::{MFdFlags, memfd_create};

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
