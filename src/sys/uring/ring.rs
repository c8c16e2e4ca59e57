//! The ring: operations are queued, submitted together, and complete in any order.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};
use std::thread;
use std::time::Duration;

use io_uring::squeue::Entry;
use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode};
use slab::Slab;

use super::provided::{GROUP, ProvidedBuffers};
use super::token::{Kind, Token};

/// How often the end of a ring looks whether its operations have ended …
const DROP_TRIES: u32 = 100;
/// … and how long it waits each time.
const DROP_WAIT: Duration = Duration::from_millis(10);
/// The pause after the kernel had no memory for an operation.
const NO_MEMORY_PAUSE: Duration = Duration::from_millis(1);

/// The sizes of a ring.
#[derive(Debug, Clone, Copy)]
pub struct RingSize {
    /// Operations that are submitted together; a power of two.
    pub submissions: u32,
    /// Completions that wait; a power of two, more than `submissions`. The kernel keeps further ones.
    pub completions: u32,
    /// The most buffers for received bytes; a power of two, at most 32,768.
    pub buffers: u16,
    /// The buffers of the beginning.
    pub first_buffers: u16,
    /// The length of a buffer.
    pub buffer_bytes: usize,
}

impl RingSize {
    /// For a server. Most of the buffers' memory is used only if that many connections receive
    /// at the same moment.
    pub const SERVER: RingSize = RingSize {
        submissions: 1024,
        completions: 8192,
        buffers: 4096,
        first_buffers: 64,
        buffer_bytes: 4 << 10,
    };
    /// To find out whether a ring is permitted.
    const LEAST: RingSize = RingSize {
        submissions: 2,
        completions: 4,
        buffers: 2,
        first_buffers: 1,
        buffer_bytes: 64,
    };
}

/// An operation, or one result of an operation that has several.
#[derive(Debug)]
pub enum Completion<'r> {
    /// A connection was accepted, or accepting failed. `more`: accepting continues.
    Accepted {
        /// The connection.
        result: io::Result<TcpStream>,
        /// Whether further connections follow without a new operation.
        more: bool,
    },
    /// The descriptor of [`Ring::poll`] is readable.
    Readable,
    /// Bytes were received; none is the end of the stream.
    Received {
        /// As in [`Ring::receive`].
        token: Token,
        /// The bytes.
        result: io::Result<&'r [u8]>,
        /// Whether further bytes follow without a new operation.
        more: bool,
    },
    /// A send has ended.
    Sent {
        /// As in [`Ring::send`].
        token: Token,
        /// How many of the bytes were sent.
        result: io::Result<usize>,
        /// The memory, which the caller has again.
        bytes: Vec<u8>,
    },
}

/// An io_uring. It belongs to the thread that has made it.
///
/// Received bytes are in buffers of the ring; bytes to send belong to the ring until the send has
/// ended. So no caller can free memory that the kernel uses. Descriptors are the caller's: one must
/// stay open until the operations on it have ended.
pub struct Ring {
    ring: IoUring,
    buffers: ProvidedBuffers,
    sends: Slab<(Token, Vec<u8>)>,
    /// Operations for which the submission queue had no room.
    backlog: VecDeque<Entry>,
    /// Receives that have not ended.
    receives: usize,
    /// A single issuer: only this thread may submit.
    of_one_thread: PhantomData<*const ()>,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("receives", &self.receives)
            .field("sends", &self.sends.len())
            .finish_non_exhaustive()
    }
}

impl Ring {
    /// Sets up a ring.
    ///
    /// # Errors
    /// When the kernel is too old or io_uring is forbidden: says which, and what to do.
    pub fn new(size: RingSize) -> io::Result<Ring> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(size.completions)
            .build(size.submissions)
            .map_err(explained)?;
        let buffers =
            ProvidedBuffers::register(&ring, size.buffers, size.buffer_bytes, size.first_buffers)
                .map_err(explained)?;
        Ok(Ring {
            ring,
            buffers,
            sends: Slab::new(),
            backlog: VecDeque::new(),
            receives: 0,
            of_one_thread: PhantomData,
        })
    }

    /// Why a ring cannot be set up here, and what it needs; `None` if it can.
    ///
    /// A thread of its own tries it: some time after a ring is closed, the kernel interrupts the
    /// thread that has made it, and a read with a timeout then fails with EINTR.
    pub fn unavailable() -> Option<String> {
        let tried = thread::Builder::new()
            .spawn(|| Ring::new(RingSize::LEAST).map(drop))
            .and_then(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("the attempt panicked")))
            });
        tried.err().map(|error| error.to_string())
    }

    /// Accepts connections until it ends or is cancelled (multishot), close-on-exec. The listener
    /// must be a blocking one.
    pub fn accept(&mut self, listener: &TcpListener) {
        let accept = opcode::AcceptMulti::new(fd(listener)).flags(libc::SOCK_CLOEXEC);
        self.push(accept.build().user_data(Kind::Accept.number(0)));
    }

    /// Ends accepting. A last [`Completion::Accepted`] follows.
    pub fn cancel_accept(&mut self) {
        self.cancel(CancelBuilder::user_data(Kind::Accept.number(0)));
    }

    /// Waits, once, until a descriptor is readable.
    pub fn poll(&mut self, descriptor: &impl AsFd) {
        let poll = opcode::PollAdd::new(fd(descriptor), libc::POLLIN as u32);
        self.push(poll.build().user_data(Kind::Poll.number(0)));
    }

    /// Receives bytes into buffers of the ring until it ends or is cancelled (multishot).
    ///
    /// It ends with an error of `ENOBUFS` when there are no buffers. Then the ring has given the
    /// kernel more of them, and the caller begins again.
    pub fn receive(&mut self, stream: &impl AsFd, token: Token) {
        self.receives += 1;
        let receive = opcode::RecvMulti::new(fd(stream), GROUP);
        self.push(receive.build().user_data(Kind::Receive.of(token)));
    }

    /// Ends a receive. A last [`Completion::Received`] follows.
    pub fn cancel_receive(&mut self, token: Token) {
        self.cancel(CancelBuilder::user_data(Kind::Receive.of(token)));
    }

    /// Ends all operations on a descriptor; a completion of each follows.
    pub fn cancel_all(&mut self, descriptor: &impl AsFd) {
        self.cancel(CancelBuilder::fd(fd(descriptor)).all());
    }

    /// Sends bytes, of which only a part may fit.
    pub fn send(&mut self, stream: &impl AsFd, token: Token, bytes: Vec<u8>) {
        let entry = self.sends.vacant_entry();
        let number = entry.key() as u64;
        // The bytes are on the heap: they stay where they are until the entry is removed.
        let (_, bytes) = entry.insert((token, bytes));
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let send = opcode::Send::new(fd(stream), bytes.as_ptr(), length).flags(libc::MSG_NOSIGNAL);
        self.push(send.build().user_data(Kind::Send.number(number)));
    }

    fn cancel(&mut self, which: CancelBuilder) {
        let cancel = opcode::AsyncCancel2::new(which);
        self.push(cancel.build().user_data(Kind::Cancel.number(0)));
    }

    fn push(&mut self, entry: Entry) {
        if !self.backlog.is_empty() || !self.push_now(&entry) {
            self.backlog.push_back(entry);
        }
    }

    /// Returns false when the submission queue is full.
    fn push_now(&mut self, entry: &Entry) -> bool {
        // SAFETY: what the kernel reads or writes for an operation outlives it: the bytes of a
        // send stay in `sends` until its completion, received bytes go to `buffers`, and `drop`
        // waits for both or leaks them. Other operations have no memory.
        unsafe { self.ring.submission().push(entry) }.is_ok()
    }

    /// Submits all operations, and waits until one has completed, at most for `timeout`.
    ///
    /// # Errors
    /// When io_uring_enter(2) fails.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        while let Some(entry) = self.backlog.pop_front() {
            if !self.push_now(&entry) {
                self.backlog.push_front(entry);
                if !matches!(self.ring.submit(), Ok(1..)) {
                    break;
                }
            }
        }
        let timeout = if self.backlog.is_empty() {
            Timespec::from(timeout)
        } else {
            Timespec::new()
        };
        let waited = self
            .ring
            .submitter()
            .submit_with_args(1, &SubmitArgs::new().timespec(&timeout));
        match waited.map_err(|error| (error.raw_os_error(), error)) {
            Ok(_) | Err((Some(libc::ETIME | libc::EINTR), _)) => Ok(()),
            // The completions must be taken first, or memory is short.
            Err((Some(libc::EBUSY | libc::EAGAIN), _)) => {
                if self.ring.completion().is_empty() {
                    thread::sleep(NO_MEMORY_PAUSE);
                }
                Ok(())
            }
            Err((_, error)) => Err(error),
        }
    }

    /// Reports all completions so far, in their order. Returns how many there were.
    ///
    /// Received bytes are valid during the call of `report` only: the kernel then has the buffer
    /// again.
    pub fn complete(&mut self, mut report: impl FnMut(Completion<'_>)) -> usize {
        let (mut count, mut ran_out) = (0, false);
        for entry in self.ring.completion() {
            count += 1;
            let more = cqueue::more(entry.flags());
            let result = result(&entry);
            let buffer = cqueue::buffer_select(entry.flags());
            match Kind::parse(entry.user_data()) {
                Some((Kind::Accept, _)) => {
                    let result = result.map(accepted);
                    report(Completion::Accepted { result, more });
                }
                Some((Kind::Poll, _)) => report(Completion::Readable),
                Some((Kind::Receive, token)) => {
                    self.receives -= usize::from(!more);
                    ran_out |= entry.result() == -libc::ENOBUFS;
                    let result = result.and_then(|length| match buffer {
                        Some(id) => self.buffers.filled(id, length).ok_or_else(unexpected),
                        None if length == 0 => Ok(&[][..]),
                        None => Err(unexpected()),
                    });
                    let token = Token::from(token);
                    report(Completion::Received {
                        token,
                        result,
                        more,
                    });
                }
                Some((Kind::Send, number)) => {
                    if let Some((token, bytes)) = self.sends.try_remove(number as usize) {
                        report(Completion::Sent {
                            token,
                            result,
                            bytes,
                        });
                    }
                }
                Some((Kind::Cancel, _)) | None => {}
            }
            if let Some(id) = buffer {
                self.buffers.give_back(id);
            }
        }
        if ran_out {
            self.buffers.grow();
        }
        self.buffers.publish();
        count
    }
}

impl Drop for Ring {
    /// Ends all operations, so that the kernel uses no memory of this ring any more.
    fn drop(&mut self) {
        for _ in 0..DROP_TRIES {
            if self.receives == 0 && self.sends.is_empty() {
                return;
            }
            self.cancel(CancelBuilder::any().all());
            if self.wait(DROP_WAIT).is_err() {
                break;
            }
            // A connection that was accepted meanwhile is closed.
            self.complete(|completion| drop(completion));
        }
        if self.receives > 0 || !self.sends.is_empty() {
            self.buffers.leak();
            std::mem::forget(std::mem::take(&mut self.sends));
        }
    }
}

fn fd(descriptor: &impl AsFd) -> Fd {
    Fd(descriptor.as_fd().as_raw_fd())
}

fn accepted(fd: usize) -> TcpStream {
    // SAFETY: accept has just opened this descriptor, and it has no other owner.
    unsafe { TcpStream::from_raw_fd(fd as RawFd) }
}

fn result(entry: &cqueue::Entry) -> io::Result<usize> {
    usize::try_from(entry.result()).map_err(|_| io::Error::from_raw_os_error(-entry.result()))
}

fn unexpected() -> io::Error {
    io::Error::other("the kernel named a buffer that it cannot have filled")
}

/// Why a ring could not be set up, and what it needs.
fn explained(error: io::Error) -> io::Error {
    let reason = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "io_uring is forbidden here; allow it with sysctl kernel.io_uring_disabled=0, and in a \
             container with a seccomp profile that permits io_uring_setup"
        }
        Some(libc::ENOSYS) => {
            "this kernel or sandbox has no io_uring; it needs Linux 6.1 or later, and in a \
             container a seccomp profile that permits io_uring_setup"
        }
        Some(libc::EINVAL) => {
            "this kernel's io_uring is too old; it needs Linux 6.1 or later (deferred task work)"
        }
        Some(libc::ENOMEM) => {
            "there is not enough memory for an io_uring, or too little may be locked; raise ulimit -l"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{reason} ({error})"))
}
