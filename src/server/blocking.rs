//! The blocking driver of a conversation, for single, threaded, forking and preforking.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};

use super::bound::{READ_OFF_TIME, Server};
use super::stream::{close_with_reset, would_block};
use crate::protocol::{Conversation, Outcome, Step};
use crate::sys::poll::{is_ready, poll_until};

/// How a wait ended.
enum WaitEnd {
    Ready,
    TimedOut,
    Stopped,
}

impl Server<'_> {
    /// Serves one connection until it closes, times out or the server stops.
    ///
    /// Waits in poll(2) on the connection and the stop signal. A fault of the
    /// connection is counted, not returned. A panic of the handler is counted
    /// too; in a child of this server it ends the process, so that no
    /// inconsistent state remains, and the parent counts it.
    pub fn converse(&self, stream: &TcpStream) {
        let _active = self.meter().connection();
        let mut conversation = self.conversation();
        let serve = || {
            let orderly = self.drive(stream, &mut conversation).unwrap_or(false);
            if conversation.faulty() || !orderly {
                self.meter().fault();
            }
        };
        match catch_unwind(AssertUnwindSafe(serve)) {
            Err(panic) if self.is_child.load(Relaxed) => resume_unwind(panic),
            Err(_) => self.meter().panic(),
            Ok(()) => {}
        }
    }

    /// Returns false when the peer made no progress within the timeout.
    fn drive(&self, mut stream: &TcpStream, conversation: &mut Conversation) -> io::Result<bool> {
        let idle = self.limits().idle_timeout;
        let from_now = |time: Option<Duration>| time.map(|time| Instant::now() + time);
        let mut deadline = from_now(idle);
        let mut wait_until = Instant::now();
        loop {
            match conversation.step() {
                Step::Call => {
                    let outcome = self.call(conversation);
                    if let Outcome::Wait(time) = outcome {
                        wait_until = Instant::now() + time;
                    }
                    deadline = from_now(idle);
                }
                Step::Write => match stream.write(conversation.unwritten()) {
                    Ok(bytes) => {
                        conversation.wrote(bytes);
                        deadline = from_now(idle);
                    }
                    Err(error) if would_block(&error) => {
                        if let WaitEnd::TimedOut = self.wait_to_write(stream, deadline)? {
                            close_with_reset(stream);
                            return Ok(false);
                        }
                    }
                    Err(error) => return Err(error),
                },
                Step::Read => match self.wait_to_read(stream, deadline)? {
                    WaitEnd::Ready => match stream.read(conversation.space()) {
                        Ok(0) => conversation.ended(),
                        Ok(bytes) => {
                            if conversation.between_messages() {
                                deadline = from_now(idle);
                            }
                            conversation.received(bytes);
                        }
                        Err(error) if would_block(&error) => {}
                        Err(error) => return Err(error),
                    },
                    WaitEnd::TimedOut => return Ok(conversation.between_messages()),
                    WaitEnd::Stopped => conversation.stop(),
                },
                Step::Wait => {
                    if !self.wait_for_delay(wait_until)? {
                        return Ok(true);
                    }
                    conversation.resume();
                    deadline = from_now(idle);
                }
                Step::Shut => {
                    stream.shutdown(Shutdown::Write)?;
                    conversation.shut();
                    deadline = from_now(Some(idle.unwrap_or(READ_OFF_TIME).min(READ_OFF_TIME)));
                }
                Step::Close => return Ok(true),
            }
        }
    }

    fn wait_to_read(&self, stream: &TcpStream, deadline: Option<Instant>) -> io::Result<WaitEnd> {
        let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = [fd(stream.as_fd()), fd(self.stop().as_fd())];
        let ready = poll_until(&mut fds, deadline)?;
        if ready && is_ready(&fds[1]) && self.stop().requested() {
            return Ok(WaitEnd::Stopped);
        }
        Ok(if ready {
            WaitEnd::Ready
        } else {
            WaitEnd::TimedOut
        })
    }

    /// The stop signal does not end this wait, since replies are drained; it only shortens it.
    fn wait_to_write(&self, stream: &TcpStream, deadline: Option<Instant>) -> io::Result<WaitEnd> {
        let mut fds = [
            PollFd::new(stream.as_fd(), PollFlags::POLLOUT),
            PollFd::new(self.stop().as_fd(), PollFlags::POLLIN),
        ];
        let drain = self.stop().deadline();
        let until = [deadline, drain].into_iter().flatten().min();
        let watched = if drain.is_some() { 1 } else { 2 };
        let ready = poll_until(&mut fds[..watched], until)?;
        Ok(if ready {
            WaitEnd::Ready
        } else {
            WaitEnd::TimedOut
        })
    }

    /// Waits until `until`, or until the end of the drain (false).
    fn wait_for_delay(&self, until: Instant) -> io::Result<bool> {
        let mut stop = [PollFd::new(self.stop().as_fd(), PollFlags::POLLIN)];
        if !poll_until(&mut stop, Some(until))? {
            return Ok(true);
        }
        let drain = self.stop().deadline().unwrap_or(until);
        poll_until(&mut [], Some(until.min(drain)))?;
        Ok(until <= drain)
    }
}
