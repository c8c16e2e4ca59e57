//! Loopback source addresses, taken in turn.
//!
//! One address has some 28,000 ports, and each is blocked for a while after use
//! (TIME_WAIT, RFC 9293). Loopback has 16 million addresses, so connections that
//! are made again and again take several.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{SockAddr, Socket};

/// Addresses that take turns.
const SOURCES: u32 = 64;

/// Source addresses for connections to a loopback target.
#[derive(Debug)]
pub(crate) struct LoopbackSources {
    first: u32,
    next: u32,
}

impl LoopbackSources {
    /// The addresses from 127.0.0.1 + `offset` on, beginning with number `start`; `None` where
    /// the target is not on loopback.
    pub(crate) fn new(target: SocketAddr, offset: u32, start: u32) -> Option<LoopbackSources> {
        matches!(target.ip(), IpAddr::V4(ip) if ip.is_loopback()).then(|| LoopbackSources {
            first: Ipv4Addr::LOCALHOST.to_bits() + offset,
            next: start % SOURCES,
        })
    }

    /// Binds a socket to the next address. Its port is chosen at connect, free for that very
    /// target (IP_BIND_ADDRESS_NO_PORT, ip(7)).
    ///
    /// # Errors
    /// What setsockopt(2) or bind(2) says.
    pub(crate) fn bind(&mut self, socket: &Socket) -> io::Result<()> {
        let source = Ipv4Addr::from_bits(self.first + self.next);
        self.next = (self.next + 1) % SOURCES;
        setsockopt(&socket.as_fd(), sockopt::IpBindAddressNoPort, &true)?;
        socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))
    }
}
