//! Waiting for what comes next: a connection, the end of a child, or the stop.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags};

use super::bound::Server;
use crate::sys::poll::{is_ready, poll_until};

/// How long accepting rests when descriptors or memory have run out.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a worker that blocks in accept(2) looks up for a stop.
const LOOK_UP: Duration = Duration::from_millis(100);

/// What came next.
#[derive(Debug)]
pub enum Event {
    /// A connection, non-blocking and close-on-exec.
    Connection(TcpStream),
    /// Some child of this process may have ended; only for a process that forks.
    ChildEnded,
    /// The server is to stop.
    Stop,
}

/// Whether a failed accept says nothing of the next one, which may be tried at once.
///
/// Another worker was first, or the peer gave up (accept(2), ERRORS). After any
/// other error, such as a lack of descriptors or memory, trying at once would spin.
pub fn may_accept_again(error: &io::Error) -> bool {
    let passing = [
        libc::EAGAIN,
        libc::EINTR,
        libc::ECONNABORTED,
        libc::EPROTO,
        libc::EPERM,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| passing.contains(&code))
}

impl Server<'_> {
    /// Waits for a connection, for the end of a child, or for the stop.
    ///
    /// When descriptors run out it rests for [`ACCEPT_PAUSE`] and goes on; a
    /// connection that was given up before it was accepted is passed over.
    ///
    /// # Errors
    /// When the socket itself is unusable.
    pub fn accept(&self) -> io::Result<Event> {
        let Some(listener) = self.listener() else {
            return Ok(Event::Stop);
        };
        self.meter().serving();
        let blocking = self.blocks_in_accept.load(Relaxed);
        loop {
            let event = if blocking {
                self.stopped()
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

    /// Waits for the end of a child or for the stop; `None` when the time has come first.
    ///
    /// # Errors
    /// When waiting itself fails.
    pub fn wait_for_child(&self, until: Option<Instant>) -> io::Result<Option<Event>> {
        self.wait(None, until)
    }

    /// From now on [`Server::accept`] blocks in accept(2) itself, looking up for
    /// a stop ten times a second.
    ///
    /// For workers that share one socket: the kernel then wakes just one of
    /// them a connection, in turn, where poll(2) wakes them all.
    ///
    /// # Errors
    /// When the socket cannot be set so.
    pub fn block_in_accept(&self) -> io::Result<()> {
        let Some(listener) = self.listener() else {
            return Ok(());
        };
        listener.set_nonblocking(false)?;
        self.blocks_in_accept.store(true, Relaxed);
        socket2::SockRef::from(&*listener).set_read_timeout(Some(LOOK_UP))
    }

    /// Waits for SIGCHLD alone, at most so long: while draining the stop signal stays readable.
    pub(crate) fn wait_for_end_of_child(&self, most: Duration) -> io::Result<()> {
        let mut fds = [PollFd::new(self.child_signal.as_fd(), PollFlags::POLLIN)];
        poll_until(&mut fds, Some(Instant::now() + most))?;
        self.clear_child_signal()
    }

    /// To be called before the children are reaped, so that none that ends meanwhile is missed.
    fn clear_child_signal(&self) -> io::Result<()> {
        while self.child_signal.read_signal()?.is_some() {}
        Ok(())
    }

    fn stopped(&self) -> Option<Event> {
        self.stop().requested().then_some(Event::Stop)
    }

    /// `None`: the listener is ready, or the time has come.
    fn wait(
        &self,
        listener: Option<&TcpListener>,
        until: Option<Instant>,
    ) -> io::Result<Option<Event>> {
        let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let (stop, child) = (self.stop().as_fd(), self.child_signal.as_fd());
        let mut fds = [fd(stop), fd(child), fd(listener.map_or(stop, AsFd::as_fd))];
        let asked = if listener.is_some() { 3 } else { 2 };
        poll_until(&mut fds[..asked], until)?;
        if is_ready(&fds[0]) {
            return Ok(self.stopped());
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
    fn only_what_says_nothing_of_the_next_one_is_tried_again_at_once() {
        let may = |code| may_accept_again(&io::Error::from_raw_os_error(code));
        let passing = [libc::ECONNABORTED, libc::EINTR, libc::EAGAIN, libc::EPROTO];
        assert!(passing.into_iter().all(may));
        // Trying these at once would spin.
        let lasting = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
        assert!(!lasting.into_iter().any(may));
    }
}
