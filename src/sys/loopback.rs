//! Loopback source addresses, used in rotation.
//!
//! One address has about 28,000 ephemeral ports, and each is blocked for a while
//! after use (TIME_WAIT, RFC 9293). Loopback has 16 million addresses, so frequent
//! reconnects use several.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{SockAddr, Socket};

/// Number of addresses in the rotation.
const SOURCES: u32 = 64;

/// Source addresses for connections to a loopback target.
#[derive(Debug)]
pub(crate) struct LoopbackSources {
    first: u32,
    next: u32,
}

impl LoopbackSources {
    /// The addresses from 127.0.0.1 + `offset` on; the rotation begins at index `start`. `None` if
    /// the target is not a loopback address.
    pub(crate) fn new(target: SocketAddr, offset: u32, start: u32) -> Option<LoopbackSources> {
        matches!(target.ip(), IpAddr::V4(ip) if ip.is_loopback()).then(|| LoopbackSources {
            first: Ipv4Addr::LOCALHOST.to_bits() + offset,
            next: start % SOURCES,
        })
    }

    /// Binds a socket to the next address. The kernel chooses the port at connect, so it must be
    /// free only for that target (IP_BIND_ADDRESS_NO_PORT, ip(7)).
    ///
    /// # Errors
    /// When setsockopt(2) or bind(2) fails.
    pub(crate) fn bind(&mut self, socket: &Socket) -> io::Result<()> {
        let source = Ipv4Addr::from_bits(self.first + self.next);
        self.next = (self.next + 1) % SOURCES;
        setsockopt(&socket.as_fd(), sockopt::IpBindAddressNoPort, &true)?;
        socket.bind(&SockAddr::from(SocketAddr::from((source, 0))))
    }
}
