//! Provided buffers: a ring of buffers that the kernel takes for received bytes.

use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Release;

use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The group of these buffers: a ring has one.
pub(super) const GROUP: u16 = 0;

/// Buffers of one size. At first the kernel gets a few of them; more after it ran out, so that
/// memory follows the load.
#[derive(Debug)]
pub(super) struct ProvidedBuffers {
    /// First the entries that the kernel reads, then the buffers.
    memory: NonNull<u8>,
    length: NonZeroUsize,
    /// A power of two.
    count: u16,
    buffer_bytes: usize,
    /// Buffers that the kernel has had so far: the first ones.
    used: u16,
    /// Where the next entry is written; it wraps around.
    tail: u16,
    /// The kernel may still write to it, so it stays mapped.
    is_leaked: bool,
}

impl ProvidedBuffers {
    /// Maps `count` buffers, a power of two, and registers them; the kernel gets `first` of them.
    pub(super) fn register(
        ring: &IoUring,
        count: u16,
        buffer_bytes: usize,
        first: u16,
    ) -> io::Result<ProvidedBuffers> {
        let entries_bytes = usize::from(count) * size_of::<BufRingEntry>();
        let length = entries_bytes + usize::from(count) * buffer_bytes;
        let length = NonZeroUsize::new(length).ok_or(io::ErrorKind::InvalidInput)?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new private mapping, of which nothing else knows.
        let memory = unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_PRIVATE) }?;
        let mut buffers = ProvidedBuffers {
            memory: memory.cast(),
            length,
            count,
            buffer_bytes,
            used: 0,
            tail: 0,
            is_leaked: false,
        };
        let address = buffers.memory.as_ptr() as u64;
        let submitter = ring.submitter();
        // SAFETY: the mapping has room for `count` entries and is page-aligned. `Ring` keeps it
        // until the ring has no operation in flight and is closed.
        unsafe { submitter.register_buf_ring_with_flags(address, count, GROUP, 0) }?;
        buffers.provide(first.min(count));
        Ok(buffers)
    }

    /// Gives the kernel twice as many buffers as it has had, up to all of them.
    pub(super) fn grow(&mut self) {
        self.provide(self.used.max(1).min(self.count - self.used));
    }

    fn provide(&mut self, more: u16) {
        for id in self.used..self.used + more {
            self.give_back(id);
        }
        self.used += more;
        self.publish();
    }

    /// The first `length` bytes of a buffer that the kernel has filled; `None` if it cannot be.
    pub(super) fn filled(&self, id: u16, length: usize) -> Option<&[u8]> {
        if id >= self.used || length > self.buffer_bytes {
            return None;
        }
        // SAFETY: the range is inside the mapping, which starts as zeros. The kernel has filled
        // this buffer and writes to it again only after `give_back`, which needs `&mut self`.
        Some(unsafe { std::slice::from_raw_parts(self.address(id), length) })
    }

    /// Gives a buffer back; the kernel sees it after [`ProvidedBuffers::publish`].
    pub(super) fn give_back(&mut self, id: u16) {
        let slot = usize::from(self.tail & (self.count - 1));
        let (address, length) = (self.address(id) as u64, self.buffer_bytes as u32);
        let entries = self.memory.as_ptr().cast::<BufRingEntry>();
        // SAFETY: `slot` is less than `count`, and the kernel does not read this entry before
        // `tail` is published. The first entry shares its last two bytes with `tail`, which
        // none of the three setters writes.
        let entry = unsafe { &mut *entries.add(slot) };
        entry.set_addr(address);
        entry.set_len(length);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel all buffers that were given back.
    pub(super) fn publish(&self) {
        let entries = self.memory.as_ptr().cast::<BufRingEntry>();
        // SAFETY: `entries` is the start of the mapped entries, where the kernel expects the tail.
        let tail = unsafe { BufRingEntry::tail(entries) };
        // SAFETY: the tail is inside the mapping and aligned; the kernel only reads it.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.tail, Release);
    }

    /// Keeps the memory mapped for ever.
    pub(super) fn leak(&mut self) {
        self.is_leaked = true;
    }

    fn address(&self, id: u16) -> *mut u8 {
        let entries_bytes = usize::from(self.count) * size_of::<BufRingEntry>();
        let offset = entries_bytes + usize::from(id) * self.buffer_bytes;
        // SAFETY: `id` is less than `count`, so this stays inside the mapping.
        unsafe { self.memory.as_ptr().add(offset) }
    }
}

impl Drop for ProvidedBuffers {
    fn drop(&mut self) {
        if self.is_leaked {
            return;
        }
        // SAFETY: unmaps exactly what `register` mapped. `Ring` drops this only when the kernel
        // has no operation that could write here. On failure it stays mapped.
        let _ = unsafe { munmap(self.memory.cast(), self.length.get()) };
    }
}
