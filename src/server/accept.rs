//! Waiting for the next event: a connection, the end of a child, or the stop signal.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::blocking_read::READ_TIMEOUT;
use super::bound::Server;
use crate::sys::poll::{is_ready, poll_until};

/// How long accepting pauses when descriptors or memory have run out.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The tokens of a worker's epoll instance.
const LISTENER: u64 = 0;
const STOP: u64 = 1;

/// The next event. See the example of [`Server`].
#[derive(Debug)]
pub enum Event {
    /// A connection for [`Server::converse`]: close-on-exec, blocking, with a read timeout of 100 ms.
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
        loop {
            let event = match self.woken_alone.get() {
                Some(epoll) => self.wait_alone(epoll)?,
                None => self.wait(Some(&listener), None)?,
            };
            if let Some(event) = event {
                return Ok(event);
            }
            match crate::sys::sockets::accept_blocking(&listener) {
                Ok(stream) => return Ok(self.connection(stream)),
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

    /// Makes [`Server::accept`] wait such that a connection wakes one of the
    /// workers that share a socket (EPOLLEXCLUSIVE); with poll(2) it wakes all of
    /// them. Call it in each worker, after the fork.
    ///
    /// A worker waits for the listener and for the stop signal at the same time. In
    /// accept(2) it would have to wake up again and again to look for a stop.
    ///
    /// # Errors
    /// When epoll_create1(2) or epoll_ctl(2) fails.
    pub fn block_in_accept(&self) -> io::Result<()> {
        let Some(listener) = self.listener() else {
            return Ok(());
        };
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let exclusive = EpollFlags::EPOLLIN | EpollFlags::EPOLLEXCLUSIVE;
        epoll.add(&*listener, EpollEvent::new(exclusive, LISTENER))?;
        epoll.add(self.stop(), EpollEvent::new(EpollFlags::EPOLLIN, STOP))?;
        // A second call in the same process changes nothing.
        let _ = self.woken_alone.set(epoll);
        Ok(())
    }

    /// The read timeout is inherited from the listener; sandboxes that run Linux programs may not do that.
    fn connection(&self, stream: TcpStream) -> Event {
        let has_timeout = || matches!(stream.read_timeout(), Ok(Some(_)));
        if !*self.inherits_read_timeout.get_or_init(has_timeout) {
            // If this fails, the connection is closed already, and so no read of it blocks.
            let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
        }
        Event::Connection(stream)
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

    /// Returns `None` when the listener may be ready.
    fn wait_alone(&self, epoll: &Epoll) -> io::Result<Option<Event>> {
        let mut events = [EpollEvent::empty(); 2];
        let ready = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Err(Errno::EINTR) => 0,
            ready => ready?,
        };
        let is_stop = events[..ready].iter().any(|event| event.data() == STOP);
        Ok(if is_stop { self.stop_event() } else { None })
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
