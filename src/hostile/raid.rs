//! What an attack is made with: connections from many addresses, and pauses that end with the siege.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// How long a connect, a read or a write may take before the next is tried.
const PATIENCE: Duration = Duration::from_millis(200);
/// Between one connection and the next of a thread: thousands a second, and some CPU left for others.
const PAUSE: Duration = Duration::from_millis(1);
/// Source addresses, so that ports do not run out.
const SOURCES: u32 = 64;

/// One attacker's means.
#[derive(Debug)]
pub(super) struct Raid {
    target: SocketAddr,
    lifted: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    next_source: u32,
    pub(super) random: fastrand::Rng,
}

impl Raid {
    pub(super) fn new(
        target: SocketAddr,
        index: usize,
        lifted: Arc<AtomicBool>,
        connections: Arc<AtomicU64>,
    ) -> Raid {
        Raid {
            target,
            lifted,
            connections,
            next_source: index as u32 * 7,
            random: fastrand::Rng::with_seed(index as u64),
        }
    }

    pub(super) fn is_lifted(&self) -> bool {
        self.lifted.load(Relaxed)
    }

    /// A connection whose reads and writes do not last for ever.
    pub(super) fn connect(&mut self) -> io::Result<TcpStream> {
        let domain = Domain::for_address(self.target);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if matches!(self.target.ip(), IpAddr::V4(ip) if ip.is_loopback()) {
            self.next_source = (self.next_source + 1) % SOURCES;
            let source =
                Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + 100 + self.next_source);
            setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))?;
        }
        socket.connect_timeout(&SockAddr::from(self.target), PATIENCE)?;
        self.connections.fetch_add(1, Relaxed);
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// Rests as between two connections.
    pub(super) fn pause(&self) {
        thread::sleep(PAUSE);
    }

    /// Rests so long, or until the siege is lifted.
    pub(super) fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_lifted() && Instant::now() < until {
            thread::sleep(PAUSE.max((until - Instant::now()).min(10 * PAUSE)));
        }
    }
}

/// A request's frame.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], body].concat()
}

/// Reads and throws away what comes until the end, or until nothing comes.
pub(super) fn read_off(mut stream: &TcpStream) -> io::Result<()> {
    let mut space = [0; 4096];
    while stream.read(&mut space)? > 0 {}
    Ok(())
}

/// Writes all of it.
pub(super) fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}
