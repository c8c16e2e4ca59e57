//! Counters in memory that several processes share (memfd_create(2), mmap(2)).

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

// SAFETY: the shared memory is accessed only as atomics, and the mapping stays until drop.
unsafe impl Send for SharedCounters {}

// SAFETY: as above.
unsafe impl Sync for SharedCounters {}

impl SharedCounters {
    /// Creates `count` counters with value 0, shared with forked children.
    ///
    /// # Errors
    /// When memfd_create(2), ftruncate(2) or mmap(2) fails.
    pub fn create(count: usize) -> io::Result<SharedCounters> {
        let file = File::from(memfd_create("rpcbench-meter", MFdFlags::MFD_CLOEXEC)?);
        file.set_len((count * size_of::<AtomicU64>()) as u64)?;
        SharedCounters::map(file)
    }

    /// Maps the counters of another process, opened as `file`.
    ///
    /// # Errors
    /// When fstat(2) or mmap(2) fails, or the file is empty.
    pub fn map(file: File) -> io::Result<SharedCounters> {
        use nix::sys::mman::{MapFlags, ProtFlags, mmap};
        let count = file.metadata()?.len() as usize / size_of::<AtomicU64>();
        let bytes = std::num::NonZeroUsize::new(count * size_of::<AtomicU64>())
            .ok_or_else(|| io::Error::other("the shared counters are empty"))?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new shared mapping of a file of at least this length, which is never shrunk.
        let start = unsafe { mmap(None, bytes, access, MapFlags::MAP_SHARED, &file, 0) }?;
        Ok(SharedCounters {
            file,
            start: start.cast(),
            count,
        })
    }

    /// Returns the counters.
    pub fn get(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, as long as this, and unmapped only on drop;
        // other processes change it only through atomics.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }

    /// The descriptor of the memory; another process opens it through /proc/PID/fd.
    pub fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl Drop for SharedCounters {
    fn drop(&mut self) {
        let bytes = self.count * size_of::<AtomicU64>();
        // SAFETY: unmaps exactly the range that `map` mapped, and no reference outlives self. On failure it stays mapped.
        let _ = unsafe { nix::sys::mman::munmap(self.start.cast(), bytes) };
    }
}
