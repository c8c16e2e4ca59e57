//! The tools of an attack: connections from many source addresses, and pauses that end with the attack.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::loopback::LoopbackSources;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Timeout of a connect, a read or a write.
const TIMEOUT: Duration = Duration::from_millis(200);
/// Pause between two connections of a thread: it allows thousands of connections per second and
/// leaves CPU time for the server and the load generator.
const PAUSE: Duration = Duration::from_millis(1);

/// One attacking thread.
#[derive(Debug)]
pub(crate) struct Attacker {
    target: SocketAddr,
    stopped: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    sources: Option<LoopbackSources>,
    pub(crate) random: fastrand::Rng,
}

impl Attacker {
    pub(crate) fn new(
        target: SocketAddr,
        index: usize,
        stopped: Arc<AtomicBool>,
        connections: Arc<AtomicU64>,
    ) -> Attacker {
        Attacker {
            target,
            stopped,
            connections,
            // Different addresses from those of the well-behaved clients.
            sources: LoopbackSources::new(target, 100, index as u32 * 7),
            random: fastrand::Rng::with_seed(index as u64),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// Opens a connection with timeouts for reads and writes.
    pub(crate) fn connect(&mut self) -> io::Result<TcpStream> {
        let domain = Domain::for_address(self.target);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if let Some(sources) = &mut self.sources {
            sources.bind(&socket)?;
        }
        socket.connect_timeout(&SockAddr::from(self.target), TIMEOUT)?;
        self.connections.fetch_add(1, Relaxed);
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(stream)
    }

    /// Pauses as between two connections.
    pub(crate) fn pause(&self) {
        thread::sleep(PAUSE);
    }

    /// Pauses for `time`, or until the attack is stopped.
    pub(crate) fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_stopped() && Instant::now() < until {
            thread::sleep(PAUSE.max((until - Instant::now()).min(10 * PAUSE)));
        }
    }
}

/// Returns the frame of a request.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], body].concat()
}

/// Reads and discards bytes until the end of the stream or the read timeout.
pub(crate) fn read_and_discard(mut stream: &TcpStream) -> io::Result<()> {
    let mut space = [0; 4096];
    while stream.read(&mut space)? > 0 {}
    Ok(())
}

/// Writes all `bytes`.
pub(crate) fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}
