//! Waiting for the next event: a connection, the end of a child, or the stop signal.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags};

use super::bound::Server;
use crate::sys::poll::{is_ready, poll_until};

/// How long accepting pauses when descriptors or memory have run out.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a worker that blocks in accept(2) checks for the stop signal.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The next event. See the example of [`Server`].
#[derive(Debug)]
pub enum Event {
    /// A connection, non-blocking and close-on-exec.
    Connection(TcpStream),
    /// A child of this process may have ended; only in a process that forks.
    ChildEnded,
    /// The server must stop.
    Stop,
}

/// Whether accept may be retried at once after this error.
///
/// True if another worker accepted the connection or the peer closed it
/// (accept(2), ERRORS). After any other error, such as a lack of descriptors or
/// memory, an immediate retry would spin.
pub fn may_accept_again(error: &io::Error) -> bool {
    let transient = [
        libc::EAGAIN,
        libc::EINTR,
        libc::ECONNABORTED,
        libc::EPROTO,
        libc::EPERM,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| transient.contains(&code))
}

impl Server<'_> {
    /// Waits for a connection, the end of a child, or the stop signal.
    ///
    /// When descriptors run out it pauses for 100 ms and continues. It
    /// skips connections that the peer closed before they were accepted.
    ///
    /// # Errors
    /// When the socket is unusable.
    pub fn accept(&self) -> io::Result<Event> {
        let Some(listener) = self.listener() else {
            return Ok(Event::Stop);
        };
        self.meter().serving();
        let blocking = self.blocks_in_accept.load(Relaxed);
        loop {
            let event = if blocking {
                self.stop_event()
            } else {
                self.wait(Some(&listener), None)?
            };
            if let Some(event) = event {
                return Ok(event);
            }
            match crate::sys::sockets::accept(&listener) {
                Ok(stream) => return Ok(Event::Connection(stream)),
                Err(error) if may_accept_again(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
                Err(_) => {
                    if let Some(event) = self.wait(None, Some(Instant::now() + ACCEPT_PAUSE))? {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Waits for the end of a child or the stop signal; returns `None` at `until`.
    ///
    /// # Errors
    /// When poll(2) fails.
    pub fn wait_for_child(&self, until: Option<Instant>) -> io::Result<Option<Event>> {
        self.wait(None, until)
    }

    /// Makes [`Server::accept`] block in accept(2) and check for the stop signal
    /// ten times per second.
    ///
    /// For workers that share one socket: the kernel then wakes one worker per
    /// connection, in turn; with poll(2) it wakes all of them.
    ///
    /// # Errors
    /// When the socket options cannot be set.
    pub fn block_in_accept(&self) -> io::Result<()> {
        let Some(listener) = self.listener() else {
            return Ok(());
        };
        listener.set_nonblocking(false)?;
        self.blocks_in_accept.store(true, Relaxed);
        socket2::SockRef::from(&*listener).set_read_timeout(Some(STOP_CHECK_INTERVAL))
    }

    /// Waits for SIGCHLD only, at most `max`. The stop signal stays readable during the drain, so it is not polled.
    pub(crate) fn wait_for_end_of_child(&self, max: Duration) -> io::Result<()> {
        let mut fds = [PollFd::new(self.child_signal.as_fd(), PollFlags::POLLIN)];
        poll_until(&mut fds, Some(Instant::now() + max))?;
        self.clear_child_signal()
    }

    /// Call it before the children are reaped, so that a child that ends meanwhile signals again.
    fn clear_child_signal(&self) -> io::Result<()> {
        while self.child_signal.read_signal()?.is_some() {}
        Ok(())
    }

    fn stop_event(&self) -> Option<Event> {
        self.stop().requested().then_some(Event::Stop)
    }

    /// Returns `None` when the listener is ready or `until` has passed.
    fn wait(
        &self,
        listener: Option<&TcpListener>,
        until: Option<Instant>,
    ) -> io::Result<Option<Event>> {
        let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let (stop, child) = (self.stop().as_fd(), self.child_signal.as_fd());
        let mut fds = [fd(stop), fd(child), fd(listener.map_or(stop, AsFd::as_fd))];
        let watched = if listener.is_some() { 3 } else { 2 };
        poll_until(&mut fds[..watched], until)?;
        if is_ready(&fds[0]) {
            return Ok(self.stop_event());
        }
        if is_ready(&fds[1]) {
            self.clear_child_signal()?;
            return Ok(Some(Event::ChildEnded));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transient_errors_allow_an_immediate_retry() {
        let may = |code| may_accept_again(&io::Error::from_raw_os_error(code));
        let transient = [libc::ECONNABORTED, libc::EINTR, libc::EAGAIN, libc::EPROTO];
        assert!(transient.into_iter().all(may));
        // An immediate retry after these would spin.
        let lasting = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
        assert!(!lasting.into_iter().any(may));
    }
}
