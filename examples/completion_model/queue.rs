//! A completion queue: operations are submitted, and complete later.
//!
//! Its interface is that of io_uring: a buffer belongs to the queue from the submission until the
//! completion gives it back, an operation may do less than was asked for, and one that is
//! cancelled never touches its buffer again. It is emulated with epoll, as other proactors do on
//! Linux, so this example needs no unsafe code and any kernel.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const EVENTS: usize = 1024;
const ACCEPT: Token = Token(usize::MAX - 1);
/// Tokens of watched descriptors count down from here.
const WATCH: usize = usize::MAX - 2;

/// An operation that has completed.
pub(crate) enum Completion {
    /// A connection was accepted; its socket has this key.
    Accepted(io::Result<usize>),
    /// The number of bytes that were received into the buffer; 0 at the end of the stream.
    Received(usize, io::Result<usize>, Vec<u8>),
    /// The number of bytes of the buffer that were sent.
    Sent(usize, io::Result<usize>),
    /// The watched descriptor with this number is readable.
    Readable(usize),
}

struct Socket {
    stream: TcpStream,
    receive: Option<Vec<u8>>,
    send: Option<Vec<u8>>,
}

/// The operations in progress.
pub(crate) struct Queue {
    poll: Poll,
    events: Events,
    listener: Option<Arc<TcpListener>>,
    accepting: bool,
    sockets: Slab<Socket>,
    completed: Vec<Completion>,
}

impl Queue {
    pub(crate) fn new(listener: Arc<TcpListener>) -> io::Result<Queue> {
        let poll = Poll::new()?;
        let fd = listener.as_raw_fd();
        let registry = poll.registry();
        registry.register(&mut SourceFd(&fd), ACCEPT, Interest::READABLE)?;
        Ok(Queue {
            poll,
            events: Events::with_capacity(EVENTS),
            listener: Some(listener),
            accepting: false,
            sockets: Slab::new(),
            completed: Vec::new(),
        })
    }

    /// Reports when the descriptor `number` becomes readable.
    pub(crate) fn watch(&self, number: usize, fd: BorrowedFd<'_>) -> io::Result<()> {
        let token = Token(WATCH - number);
        let registry = self.poll.registry();
        registry.register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)
    }

    /// Submits an accept; completes once.
    pub(crate) fn accept(&mut self) {
        self.accepting = true;
        self.try_accept();
    }

    /// Cancels the accept and closes the listening socket; its other copies are the server's.
    pub(crate) fn close_listener(&mut self) -> io::Result<()> {
        self.accepting = false;
        let Some(listener) = self.listener.take() else {
            return Ok(());
        };
        let fd = listener.as_raw_fd();
        self.poll.registry().deregister(&mut SourceFd(&fd))
    }

    /// Submits a receive into the whole `buffer`; one at a time per socket.
    pub(crate) fn receive(&mut self, key: usize, buffer: Vec<u8>) {
        self.sockets[key].receive = Some(buffer);
        self.try_receive(key);
    }

    /// Submits a send of the whole `buffer`; one at a time per socket.
    pub(crate) fn send(&mut self, key: usize, buffer: Vec<u8>) {
        self.sockets[key].send = Some(buffer);
        self.try_send(key);
    }

    /// Cancels the receive; false if there is none, or it has completed.
    pub(crate) fn cancel_receive(&mut self, key: usize) -> bool {
        self.sockets[key].receive.take().is_some()
    }

    /// Shuts the sending side.
    pub(crate) fn shut(&self, key: usize) -> io::Result<()> {
        self.sockets[key].stream.shutdown(Shutdown::Write)
    }

    /// Cancels all operations of the socket and closes it, with a reset if `reset`.
    pub(crate) fn close(&mut self, key: usize, reset: bool) {
        let socket = self.sockets.remove(key);
        if reset {
            // If this fails, the connection is closed already.
            let _ = socket2::SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO));
        }
        // Its completions must not be taken for those of the next socket with this key.
        self.completed.retain(|completion| match completion {
            Completion::Received(of, ..) | Completion::Sent(of, ..) => *of != key,
            Completion::Accepted(Ok(of)) => *of != key,
            Completion::Accepted(Err(_)) | Completion::Readable(_) => true,
        });
    }

    /// The operations that have completed; waits for the first at most `max`.
    ///
    /// Those that complete while these are dealt with are in the next list, so that no
    /// connection whose operations complete at once keeps the others waiting.
    pub(crate) fn wait(&mut self, max: Duration) -> io::Result<Vec<Completion>> {
        let max = if self.completed.is_empty() {
            max
        } else {
            Duration::ZERO
        };
        match self.poll.poll(&mut self.events, Some(max)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            polled => polled?,
        }
        self.continue_ready();
        Ok(std::mem::take(&mut self.completed))
    }

    /// Continues the operations of the sockets that are ready.
    fn continue_ready(&mut self) {
        let ready: Vec<Token> = self.events.iter().map(mio::event::Event::token).collect();
        for token in ready {
            match token {
                ACCEPT => self.try_accept(),
                Token(key) if self.sockets.contains(key) => {
                    self.try_send(key);
                    self.try_receive(key);
                }
                Token(number) => {
                    if let Some(number) = WATCH.checked_sub(number) {
                        self.completed.push(Completion::Readable(number));
                    }
                }
            }
        }
    }

    fn try_accept(&mut self) {
        let Some(listener) = self.listener.as_ref().filter(|_| self.accepting) else {
            return;
        };
        let accepted = listener.accept().and_then(|(stream, _)| self.add(stream));
        if !is_pending(&accepted) {
            self.accepting = false;
            self.completed.push(Completion::Accepted(accepted));
        }
    }

    fn add(&mut self, stream: std::net::TcpStream) -> io::Result<usize> {
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        let both = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(key), both)?;
        entry.insert(Socket {
            stream,
            receive: None,
            send: None,
        });
        Ok(key)
    }

    fn try_receive(&mut self, key: usize) {
        let socket = &mut self.sockets[key];
        let Some(mut buffer) = socket.receive.take() else {
            return;
        };
        let received = socket.stream.read(&mut buffer);
        if is_pending(&received) {
            socket.receive = Some(buffer);
        } else {
            let completion = Completion::Received(key, received, buffer);
            self.completed.push(completion);
        }
    }

    fn try_send(&mut self, key: usize) {
        let socket = &mut self.sockets[key];
        let Some(buffer) = socket.send.take() else {
            return;
        };
        let sent = socket.stream.write(&buffer);
        if is_pending(&sent) {
            socket.send = Some(buffer);
        } else {
            self.completed.push(Completion::Sent(key, sent));
        }
    }
}

/// Whether the operation is still in progress.
fn is_pending<T>(result: &io::Result<T>) -> bool {
    let pending = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
    matches!(result, Err(error) if pending.contains(&error.kind()))
}
