//! Binding: all sockets listen before the server reports that it is ready.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::protocol::WriteMode;

/// Binds one listening socket, or `sockets` sockets on one port (SO_REUSEPORT).
pub(crate) fn bind(
    address: SocketAddr,
    backlog: u32,
    write_mode: WriteMode,
    sockets: Option<NonZeroUsize>,
) -> io::Result<Vec<TcpListener>> {
    let Some(sockets) = sockets else {
        return Ok(vec![listen(address, backlog, write_mode, false)?]);
    };
    if address.port() != 0 {
        // SO_REUSEPORT would silently share the port with another server that also sets it.
        drop(listen(address, backlog, write_mode, false)?);
    }
    let first = listen(address, backlog, write_mode, true)?;
    let address = first.local_addr()?;
    let additional = (1..sockets.get()).map(|_| listen(address, backlog, write_mode, true));
    std::iter::once(Ok(first)).chain(additional).collect()
}

fn listen(
    address: SocketAddr,
    backlog: u32,
    write_mode: WriteMode,
    reuseport: bool,
) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuseport)?;
    // On Linux accepted sockets inherit this, which saves a system call per connection.
    socket.set_tcp_nodelay(write_mode.no_delay())?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}
