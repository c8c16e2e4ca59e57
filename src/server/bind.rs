//! Binding: all sockets listen before the server reports that it is ready.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::blocking_read::READ_TIMEOUT;
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
    // They inherit this too; it does not apply to accepting, since the listener is non-blocking.
    socket.set_read_timeout(Some(READ_TIMEOUT))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::sys::sockets::accept_blocking;

    /// Each accepted socket would otherwise need a system call for each of these.
    #[test]
    fn accepted_sockets_inherit_the_options_of_the_listener() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = bind(any, 16, WriteMode::Default, NonZeroUsize::new(2)).unwrap();
        for listener in listeners {
            let address = listener.local_addr().unwrap();
            let clients: Vec<_> = (0..8).map(|_| TcpStream::connect(address)).collect();
            assert!(clients.iter().all(Result::is_ok));
            while let Ok(stream) = accept_blocking(&listener) {
                assert_eq!(stream.read_timeout().unwrap(), Some(READ_TIMEOUT));
                assert_eq!(stream.nodelay().unwrap(), WriteMode::Default.no_delay());
            }
        }
    }
}
