//! Accepting in one system call, sending without blocking, and EPOLLEXCLUSIVE.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};

use nix::sys::socket::{MsgFlags, send};

/// Accepts a connection as a non-blocking, close-on-exec socket in one system call.
///
/// # Errors
/// When accept4(2) fails.
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    accept_with(listener, libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

/// Accepts a connection as a blocking, close-on-exec socket in one system call.
///
/// # Errors
/// When accept4(2) fails.
pub fn accept_blocking(listener: &TcpListener) -> io::Result<TcpStream> {
    accept_with(listener, libc::SOCK_CLOEXEC)
}

fn accept_with(listener: &TcpListener, flags: libc::c_int) -> io::Result<TcpStream> {
    let (no_address, no_length) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the descriptor is open; the address may be null, and then nothing is written.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), no_address, no_length, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: accept4 has just opened this descriptor, and it has no other owner.
    Ok(unsafe { TcpStream::from_raw_fd(fd) })
}

/// Sends what fits into the buffer of a socket, which may be a blocking one.
///
/// # Errors
/// When nothing fits (`WouldBlock`), or send(2) fails.
pub fn send_without_blocking(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    Ok(send(stream.as_raw_fd(), bytes, flags)?)
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
