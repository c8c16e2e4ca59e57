//! The [`Wire`] of a real load: non-blocking sockets on one poll.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::libc;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::spec::Load;
use super::wire::Wire;
use crate::protocol::WriteMode;
use crate::record::Close;
use crate::sys::loopback::LoopbackSources;
use crate::sys::timestamps::{self, ControlSpace, Received, SendStamp};

/// One source address has enough ports for this many connections.
const PORTS_PER_SOURCE: usize = 16_000;

/// The sockets of the clients of one thread: one per connection.
#[derive(Debug)]
pub(crate) struct Sockets {
    registry: Registry,
    target: SocketAddr,
    streams: Vec<Option<TcpStream>>,
    /// Source addresses, if connections could exhaust the ports of one; `None`: the system chooses.
    sources: Option<LoopbackSources>,
    write_mode: WriteMode,
    close: Close,
    control: ControlSpace,
    /// Keeps the kernel's receive stamps on while no connection is open; `None` without stamps.
    _stamps: Option<UdpSocket>,
}

impl Sockets {
    /// The sockets of this number of `connections` of this load.
    pub(crate) fn new(registry: Registry, load: &Load, connections: usize) -> Sockets {
        let ports_run_out = load.spec.requests_per_connection.is_some()
            || load.spec.reconnect_every.is_some()
            || load.spec.connections() > PORTS_PER_SOURCE;
        let streams = std::iter::repeat_with(|| None).take(connections).collect();
        Sockets {
            registry,
            target: load.target,
            streams,
            sources: LoopbackSources::new(load.target, 1, 0).filter(|_| ports_run_out),
            write_mode: load.spec.write_mode,
            close: load.spec.close,
            control: ControlSpace::default(),
            _stamps: load
                .spec
                .takes_stamps()
                .then(timestamps::keep_on)
                .and_then(Result::ok),
        }
    }

    /// Memory per connection, in bytes.
    pub(crate) const HELD_BYTES: usize = size_of::<Option<TcpStream>>();

    fn open(&mut self) -> io::Result<Socket> {
        let socket = Socket::new(
            Domain::for_address(self.target),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(self.write_mode.no_delay())?;
        if let Some(sources) = &mut self.sources {
            sources.bind(&socket)?;
        }
        Ok(socket)
    }

    fn stream(&mut self, client: usize) -> io::Result<&mut TcpStream> {
        self.streams[client]
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Wire for Sockets {
    fn connect(&mut self, client: usize) -> io::Result<()> {
        let socket = self.open()?;
        match socket.connect(&SockAddr::from(self.target)) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        // Events are edge-triggered, so registering both interests costs nothing.
        self.registry.register(
            &mut stream,
            Token(client),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.streams[client] = Some(stream);
        Ok(())
    }

    fn connect_result(&self, client: usize) -> Option<io::Result<()>> {
        let stream = self.streams[client].as_ref()?;
        match stream.take_error() {
            Ok(Some(error)) | Err(error) => return Some(Err(error)),
            Ok(None) => {}
        }
        match stream.peer_addr() {
            Ok(_) => Some(Ok(())),
            Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => None,
            Err(error) => Some(Err(error)),
        }
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        self.stream(client)?.write(bytes)
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        self.stream(client)?.read(space)
    }

    fn enable_stamps(&mut self, client: usize) -> Option<u32> {
        timestamps::enable(self.streams[client].as_ref()?).ok()
    }

    fn send_stamped(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        let stream = self.stream(client)?;
        timestamps::send_stamped(stream.as_raw_fd(), bytes)
    }

    fn send_stamp(&mut self, client: usize) -> Option<SendStamp> {
        let stream = self.streams[client].as_ref()?;
        timestamps::send_stamp(stream, &mut self.control)
    }

    fn receive_stamped(&mut self, client: usize, space: &mut [u8]) -> io::Result<Received> {
        let fd = self.stream(client)?.as_raw_fd();
        timestamps::receive(fd, space, &mut self.control)
    }

    fn close(&mut self, client: usize) {
        let stream = self.streams[client].take();
        if let Some(stream) = stream.filter(|_| self.close == Close::Reset) {
            // This fails only if the connection is already gone.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        (0..self.streams.len()).for_each(|client| self.close(client));
    }
}
