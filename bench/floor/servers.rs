//! Minimal servers: one epoll loop, and one blocking thread per connection.
//!
//! No limits, no timeouts, no drain, no counters: SIGTERM ends them. A connection that breaks the
//! protocol, or that does not read its replies, is closed.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{Domain, Socket, Type};

use crate::echo::{self, Parse};

/// The hidden arguments that start them.
pub(crate) const EPOLL: &str = "__floor-epoll";
pub(crate) const THREADS: &str = "__floor-threads";
pub(crate) const THREADS_JSON: &str = "__floor-threads-json";

/// The longest read. A longer message is refused: this is a server for pings.
const BUFFER_BYTES: usize = 64 << 10;
/// As in the model `threaded`.
const STACK_BYTES: usize = 256 << 10;
const EVENTS: usize = 1024;
const LISTENER: u64 = u64::MAX;

/// Serves in one thread with an epoll loop, level-triggered: one read and one write per event.
pub(crate) fn epoll(address: SocketAddr) -> io::Result<()> {
    let listener = listen(address)?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut events = vec![EpollEvent::empty(); EVENTS];
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut replies = Vec::with_capacity(BUFFER_BYTES);
    let mut rest = HashMap::new();
    loop {
        let ready = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..ready] {
            if event.data() == LISTENER {
                accept(&listener, &epoll, &mut connections)?;
                continue;
            }
            let key = event.data() as usize;
            let Some(connection) = connections[key].as_mut() else {
                continue;
            };
            if !connection.serve(key, &mut buffer, &mut replies, &mut rest) {
                rest.remove(&key);
                connections[key] = None;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
}

/// The beginnings of messages that came in pieces, by connection: there are none on loopback.
type Rest = HashMap<usize, Vec<u8>>;

impl Connection {
    /// One read, the replies to it, one write. Returns whether the connection stays open.
    fn serve(
        &mut self,
        key: usize,
        buffer: &mut [u8],
        replies: &mut Vec<u8>,
        rest: &mut Rest,
    ) -> bool {
        let mut kept = 0;
        if !rest.is_empty()
            && let Some(bytes) = rest.remove(&key)
        {
            kept = bytes.len();
            buffer[..kept].copy_from_slice(&bytes);
        }
        let read = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => return false,
            Ok(read) => read,
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock && kept == 0,
        };
        let input = &buffer[..kept + read];
        replies.clear();
        let Some(used) = echo::answer(input, Parse::Position, replies) else {
            return false;
        };
        if used < input.len() {
            rest.insert(key, input[used..].to_vec());
        }
        let written = self.stream.write(replies);
        written.is_ok_and(|written| written == replies.len())
    }
}

/// Listens with a backlog as long as that of the models.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

fn accept(
    listener: &TcpListener,
    epoll: &Epoll,
    connections: &mut Vec<Option<Connection>>,
) -> io::Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let key = stream.as_raw_fd() as usize;
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, key as u64))?;
        if connections.len() <= key {
            connections.resize_with(key + 1, || None);
        }
        connections[key] = Some(Connection { stream });
    }
}

/// Serves with one thread per connection, which blocks in its reads and writes.
pub(crate) fn threads(address: SocketAddr, parse: Parse) -> io::Result<()> {
    let listener = listen(address)?;
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || converse(stream, parse))?;
    }
}

/// Serves one connection to its end; a failure of it is no one else's.
fn converse(mut stream: TcpStream, parse: Parse) -> io::Result<()> {
    const FIRST_BYTES: usize = 4096;
    let mut buffer = vec![0; FIRST_BYTES];
    let mut replies = Vec::with_capacity(FIRST_BYTES);
    let mut kept = 0;
    loop {
        // A full buffer has no room for the rest of its message: the read returns 0.
        let read = stream.read(&mut buffer[kept..])?;
        if read == 0 {
            return Ok(());
        }
        kept += read;
        replies.clear();
        let Some(used) = echo::answer(&buffer[..kept], parse, &mut replies) else {
            return Ok(());
        };
        buffer.copy_within(used..kept, 0);
        kept -= used;
        stream.write_all(&replies)?;
    }
}
