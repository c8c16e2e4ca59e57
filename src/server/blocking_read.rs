//! Reading in one system call: a read that blocks, and poll(2) only where nothing comes.
//!
//! A poll(2) before each read would cost a blocking model 10 to 25 % of its CPU
//! per request. The sockets have a short read timeout instead. Only a read that
//! timed out is followed by a poll(2) on the connection and the stop signal, so
//! that an idle connection causes no wakeups.

use std::io::{self, Read};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};

use super::idle_deadline::IdleDeadline;
use super::shutdown::Stop;
use super::stream::would_block;
use crate::sys::poll::{is_ready, poll_until};

/// The read timeout of the sockets of blocking models (SO_RCVTIMEO): a stop is noticed this late.
pub(super) const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// How a read ended.
pub(super) enum ReadEnd {
    /// The number of bytes that were read; 0 at the end of the stream.
    Read(usize),
    TimedOut,
    Stopped,
}

enum WaitEnd {
    Ready,
    TimedOut,
    Stopped,
}

/// The reads of one connection.
pub(super) struct BlockingRead<'s> {
    stop: &'s Stop,
    stream: &'s TcpStream,
    /// The last read timed out: the next one waits in poll(2).
    is_quiet: bool,
    next_stop_check: Instant,
}

impl<'s> BlockingRead<'s> {
    pub(super) fn new(stop: &'s Stop, stream: &'s TcpStream) -> BlockingRead<'s> {
        BlockingRead {
            stop,
            stream,
            is_quiet: false,
            // The model looked for a stop when it accepted.
            next_stop_check: Instant::now() + READ_TIMEOUT,
        }
    }

    /// Reads into `space`, until `deadline` or the stop.
    ///
    /// A deadline that has passed ends even a peer that always has a byte to
    /// read: single bytes of a message are no progress.
    pub(super) fn read(
        &mut self,
        space: &mut [u8],
        deadline: &mut IdleDeadline,
    ) -> io::Result<ReadEnd> {
        loop {
            let now = Instant::now();
            let deadline = deadline.at(now);
            if self.is_stopped(now) {
                return Ok(ReadEnd::Stopped);
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(ReadEnd::TimedOut);
            }
            let is_near = deadline.is_some_and(|deadline| deadline < now + READ_TIMEOUT);
            if self.is_quiet || is_near {
                match self.wait(deadline)? {
                    WaitEnd::Ready => {}
                    WaitEnd::TimedOut => return Ok(ReadEnd::TimedOut),
                    WaitEnd::Stopped => return Ok(ReadEnd::Stopped),
                }
            }
            match self.stream.read(space) {
                Ok(bytes) => {
                    self.is_quiet = false;
                    return Ok(ReadEnd::Read(bytes));
                }
                Err(error) if would_block(&error) => self.is_quiet = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the kernel only once per timeout, since that is a system call. Otherwise it sees
    /// a stop that another thread of this process has noticed.
    fn is_stopped(&mut self, now: Instant) -> bool {
        if now < self.next_stop_check {
            return self.stop.is_noticed();
        }
        self.next_stop_check = now + READ_TIMEOUT;
        self.stop.requested()
    }

    fn wait(&self, deadline: Option<Instant>) -> io::Result<WaitEnd> {
        let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = [fd(self.stream.as_fd()), fd(self.stop.as_fd())];
        if !poll_until(&mut fds, deadline)? {
            return Ok(WaitEnd::TimedOut);
        }
        if is_ready(&fds[1]) && self.stop.requested() {
            return Ok(WaitEnd::Stopped);
        }
        Ok(WaitEnd::Ready)
    }
}
