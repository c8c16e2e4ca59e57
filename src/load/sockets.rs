//! The wire of a real load: non-blocking sockets on one poll.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::wire::Wire;
use super::{Close, Load};
use crate::wiring::Wiring;

/// Where connections are made again and again, so many loopback addresses take turns as the
/// source: one address has some 28,000 ports, each of them barred for a while
/// after use (TIME_WAIT).
const SOURCES: u32 = 64;
/// Fewer connections than this find ports at one address.
const PORTS_OF_A_SOURCE: usize = 16_000;

/// The sockets of a fleet, one a client.
#[derive(Debug)]
pub(super) struct Sockets {
    registry: Registry,
    target: SocketAddr,
    streams: Vec<Option<TcpStream>>,
    /// Which source address is next; `None` leaves it to the system.
    next_source: Option<u32>,
    wiring: Wiring,
    close: Close,
}

impl Sockets {
    /// The sockets of so many connections of this load.
    pub(super) fn new(registry: Registry, load: &Load, connections: usize) -> Sockets {
        let loopback = matches!(load.target.ip(), IpAddr::V4(ip) if ip.is_loopback());
        let ports_run_out = load.requests_per_connection.is_some()
            || load.reconnect_every.is_some()
            || load.connections() > PORTS_OF_A_SOURCE;
        let streams = std::iter::repeat_with(|| None).take(connections).collect();
        Sockets {
            registry,
            target: load.target,
            streams,
            next_source: (ports_run_out && loopback).then_some(0),
            wiring: load.wiring,
            close: load.close,
        }
    }

    /// Memory that it takes for a connection.
    pub(super) const HELD_BYTES: usize = size_of::<Option<TcpStream>>();

    /// Whether the connect of this client is done: `None` while it is under way.
    pub(super) fn connect_result(&self, client: usize) -> Option<io::Result<()>> {
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

    fn open(&mut self) -> io::Result<Socket> {
        let socket = Socket::new(
            Domain::for_address(self.target),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(self.wiring.no_delay())?;
        if let Some(next) = &mut self.next_source {
            let source = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + 1 + *next);
            *next = (*next + 1) % SOURCES;
            // The port is then chosen at connect, free for this very target (ip(7)).
            setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))?;
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
        // Told only of changes, so that having both costs nothing.
        self.registry.register(
            &mut stream,
            Token(client),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.streams[client] = Some(stream);
        Ok(())
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        self.stream(client)?.write(bytes)
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        self.stream(client)?.read(space)
    }

    fn close(&mut self, client: usize) {
        let stream = self.streams[client].take();
        if let Some(stream) = stream.filter(|_| self.close == Close::Reset) {
            // Where this fails the connection is gone already.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        (0..self.streams.len()).for_each(|client| self.close(client));
    }
}
