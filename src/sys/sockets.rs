//! Accepting in one system call, and EPOLLEXCLUSIVE.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};

/// Accepts a connection as a non-blocking, close-on-exec socket in one system call.
///
/// # Errors
/// What accept4(2) says.
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (no_address, no_length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the descriptor is open; a null address is allowed and then nothing is written.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), no_address, no_length, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: accept4 has just made this descriptor and nobody else has it.
    Ok(unsafe { TcpStream::from_raw_fd(fd) })
}

/// Adds `fd` to an epoll instance so that of the instances that wait for it only
/// some are woken (EPOLLEXCLUSIVE, epoll_ctl(2)), which mio cannot say.
///
/// # Errors
/// What epoll_ctl(2) says.
pub fn add_exclusive(epoll: RawFd, fd: &impl AsFd, token: usize) -> io::Result<()> {
    let mut event = libc::epoll_event {
        events: (libc::EPOLLIN | libc::EPOLLEXCLUSIVE) as u32,
        u64: token as u64,
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `event` lives through the call, which only reads it.
    match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
