//! What an attack is made with: connections from many addresses, and pauses that end with the siege.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::loopback::LoopbackSources;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// How long a connect, a read or a write may take before the next is tried.
const PATIENCE: Duration = Duration::from_millis(200);
/// Between one connection and the next of a thread: thousands a second, and some CPU left for others.
const PAUSE: Duration = Duration::from_millis(1);

/// One attacker's means.
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
            // Others than those of the well-behaved clients.
            sources: LoopbackSources::new(target, 100, index as u32 * 7),
            random: fastrand::Rng::with_seed(index as u64),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// A connection whose reads and writes do not last for ever.
    pub(crate) fn connect(&mut self) -> io::Result<TcpStream> {
        let domain = Domain::for_address(self.target);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if let Some(sources) = &mut self.sources {
            sources.bind(&socket)?;
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
    pub(crate) fn pause(&self) {
        thread::sleep(PAUSE);
    }

    /// Rests so long, or until the siege is stopped.
    pub(crate) fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_stopped() && Instant::now() < until {
            thread::sleep(PAUSE.max((until - Instant::now()).min(10 * PAUSE)));
        }
    }
}

/// A request's frame.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], body].concat()
}

/// Reads and throws away what comes until the end, or until nothing comes.
pub(crate) fn read_off(mut stream: &TcpStream) -> io::Result<()> {
    let mut space = [0; 4096];
    while stream.read(&mut space)? > 0 {}
    Ok(())
}

/// Writes all of it.
pub(crate) fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}
