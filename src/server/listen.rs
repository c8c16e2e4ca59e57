//! Binding: everything is bound and listening before the server says that it is ready.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::wiring::Wiring;

/// One listening socket, or with `sockets` so many on one port (SO_REUSEPORT).
pub(super) fn bind(
    address: SocketAddr,
    backlog: u32,
    wiring: Wiring,
    sockets: Option<NonZeroUsize>,
) -> io::Result<Vec<TcpListener>> {
    let Some(sockets) = sockets else {
        return Ok(vec![listen(address, backlog, wiring, false)?]);
    };
    if address.port() != 0 {
        // SO_REUSEPORT would join another server on this port without a word.
        drop(listen(address, backlog, wiring, false)?);
    }
    let first = listen(address, backlog, wiring, true)?;
    let address = first.local_addr()?;
    let rest = (1..sockets.get()).map(|_| listen(address, backlog, wiring, true));
    std::iter::once(Ok(first)).chain(rest).collect()
}

fn listen(
    address: SocketAddr,
    backlog: u32,
    wiring: Wiring,
    reuseport: bool,
) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuseport)?;
    // On Linux accepted sockets inherit this, which saves a call a connection.
    socket.set_tcp_nodelay(wiring.no_delay())?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}
