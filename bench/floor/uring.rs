//! A minimal io_uring server: multishot accept and receive into provided buffers, one submission
//! per batch of completions. No limits and no timeouts; a short send closes the connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::squeue::Entry;
use io_uring::types::{BufRingEntry, Fd};
use io_uring::{IoUring, cqueue, opcode};

use crate::echo::{self, Parse};
use crate::servers::listen;

/// The hidden argument that starts it.
pub(crate) const NAME: &str = "__floor-uring";

const SUBMISSIONS: u32 = 1024;
const COMPLETIONS: u32 = 8192;
const BUFFERS: u16 = 1024;
const BUFFER_BYTES: usize = 4 << 10;
const GROUP: u16 = 0;
const ACCEPT: u64 = u64::MAX;
/// The low bit of an operation's number; the rest is the descriptor.
const SEND: u64 = 1;

/// Page-aligned memory for the entries of the buffers, which are never freed.
#[repr(C, align(4096))]
struct Entries([u8; BUFFERS as usize * size_of::<BufRingEntry>()]);

struct Connection {
    stream: TcpStream,
    /// The beginning of a message that came in pieces.
    rest: Vec<u8>,
    /// Replies that the kernel sends.
    sending: Vec<u8>,
    /// Replies to what came meanwhile.
    next: Vec<u8>,
    /// Operations of the kernel.
    in_flight: u32,
    ended: bool,
}

struct Buffers {
    entries: *mut BufRingEntry,
    memory: Vec<u8>,
    tail: u16,
}

impl Buffers {
    fn register(ring: &IoUring) -> io::Result<Buffers> {
        let entries = Box::leak(Box::new(Entries([0; _]))) as *mut Entries;
        let mut buffers = Buffers {
            entries: entries.cast(),
            memory: vec![0; usize::from(BUFFERS) * BUFFER_BYTES],
            tail: 0,
        };
        let address = buffers.entries as u64;
        // SAFETY: the entries are page-aligned and stay for ever.
        unsafe {
            ring.submitter()
                .register_buf_ring_with_flags(address, BUFFERS, GROUP, 0)
        }?;
        (0..BUFFERS).for_each(|id| buffers.give_back(id));
        Ok(buffers)
    }

    fn get(&self, id: u16, length: usize) -> &[u8] {
        &self.memory[usize::from(id) * BUFFER_BYTES..][..length]
    }

    fn give_back(&mut self, id: u16) {
        let slot = usize::from(self.tail % BUFFERS);
        let address = self.memory[usize::from(id) * BUFFER_BYTES..].as_mut_ptr() as u64;
        // SAFETY: the slot is one of the entries.
        let entry = unsafe { &mut *self.entries.add(slot) };
        entry.set_addr(address);
        entry.set_len(BUFFER_BYTES as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the tail is inside the first entry.
        let tail = unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.entries).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}

/// Serves in one thread.
pub(crate) fn serve(address: SocketAddr) -> io::Result<()> {
    let listener = listen(address)?;
    let mut ring = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_cqsize(COMPLETIONS)
        .build(SUBMISSIONS)?;
    let mut buffers = Buffers::register(&ring)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut completions: Vec<cqueue::Entry> = Vec::new();
    let accept = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).build();
    push(&mut ring, &accept.user_data(ACCEPT))?;
    loop {
        ring.submit_and_wait(1)?;
        completions.extend(ring.completion());
        for completion in completions.drain(..) {
            let result = completion.result();
            if completion.user_data() == ACCEPT {
                if result < 0 {
                    return Err(io::Error::from_raw_os_error(-result));
                }
                let connection = open(result)?;
                let key = result as usize;
                if connections.len() <= key {
                    connections.resize_with(key + 1, || None);
                }
                let connection = connections[key].insert(connection);
                push(&mut ring, &receive(connection))?;
                continue;
            }
            let key = (completion.user_data() >> 1) as usize;
            let Some(connection) = connections[key].as_mut() else {
                continue;
            };
            let send = if completion.user_data() & SEND == 0 {
                connection.received(&completion, &mut buffers)
            } else {
                connection.sent(result)
            };
            if let Some(send) = send {
                push(&mut ring, &send)?;
            } else if connection.ended && connection.in_flight == 0 {
                connections[key] = None;
            }
        }
    }
}

fn open(fd: RawFd) -> io::Result<Connection> {
    // SAFETY: accept has just opened this descriptor, and it has no other owner.
    let stream = unsafe { TcpStream::from_raw_fd(fd) };
    stream.set_nodelay(true)?;
    Ok(Connection {
        stream,
        rest: Vec::new(),
        sending: Vec::new(),
        next: Vec::new(),
        in_flight: 1,
        ended: false,
    })
}

fn receive(connection: &Connection) -> Entry {
    let fd = connection.stream.as_raw_fd();
    let receive = opcode::RecvMulti::new(Fd(fd), GROUP).build();
    receive.user_data((fd as u64) << 1)
}

fn push(ring: &mut IoUring, entry: &Entry) -> io::Result<()> {
    // SAFETY: buffers and replies stay until the last operation of a connection has ended.
    while unsafe { ring.submission().push(entry) }.is_err() {
        ring.submit()?;
    }
    Ok(())
}

impl Connection {
    /// The send of the replies to what was received.
    fn received(&mut self, completion: &cqueue::Entry, buffers: &mut Buffers) -> Option<Entry> {
        let length = completion.result();
        if let Some(id) = cqueue::buffer_select(completion.flags()) {
            let bytes = buffers.get(id, usize::try_from(length).unwrap_or(0));
            let used = if self.rest.is_empty() {
                let used = echo::answer(bytes, Parse::Position, &mut self.next);
                used.inspect(|used| self.rest.extend_from_slice(&bytes[*used..]))
            } else {
                self.rest.extend_from_slice(bytes);
                let used = echo::answer(&self.rest, Parse::Position, &mut self.next);
                used.inspect(|used| drop(self.rest.drain(..*used)))
            };
            self.ended |= used.is_none();
            buffers.give_back(id);
        }
        self.ended |= length <= 0 && -length != libc::ENOBUFS;
        if !cqueue::more(completion.flags()) {
            self.in_flight -= 1;
            if !self.ended {
                self.in_flight += 1;
                return Some(receive(self));
            }
        }
        self.send()
    }

    fn sent(&mut self, result: i32) -> Option<Entry> {
        self.in_flight -= 1;
        self.ended |= usize::try_from(result) != Ok(self.sending.len());
        self.sending.clear();
        self.send()
    }

    fn send(&mut self) -> Option<Entry> {
        if self.ended {
            // Ends the receive.
            let _ = self.stream.shutdown(std::net::Shutdown::Both);
            return None;
        }
        if !self.sending.is_empty() || self.next.is_empty() {
            return None;
        }
        std::mem::swap(&mut self.sending, &mut self.next);
        self.in_flight += 1;
        let fd = self.stream.as_raw_fd();
        let send = opcode::Send::new(Fd(fd), self.sending.as_ptr(), self.sending.len() as u32);
        Some(send.build().user_data((fd as u64) << 1 | SEND))
    }
}
