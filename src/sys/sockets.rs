//! Accepting in one system call, and EPOLLEXCLUSIVE.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};

/// Accepts a connection as a non-blocking, close-on-exec socket in one system call.
///
/// # Errors
/// When accept4(2) fails.
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (no_address, no_length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the descriptor is open; the address may be null, and then nothing is written.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), no_address, no_length, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: accept4 has just opened this descriptor, and it has no other owner.
    Ok(unsafe { TcpStream::from_raw_fd(fd) })
}

/// Adds `fd` to an epoll instance such that an event wakes only some of the
/// waiting instances (EPOLLEXCLUSIVE, epoll_ctl(2)). mio has no option for it.
///
/// # Errors
/// When epoll_ctl(2) fails.
pub fn add_exclusive(epoll: RawFd, fd: &impl AsFd, token: usize) -> io::Result<()> {
    let mut event = libc::epoll_event {
        events: (libc::EPOLLIN | libc::EPOLLEXCLUSIVE) as u32,
        u64: token as u64,
    };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `event` is valid during the call, which only reads it.
    match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
