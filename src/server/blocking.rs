//! The blocking driver of a conversation: what single, threaded, forking and preforking serve with.

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
enum Woken {
    Ready,
    TimedOut,
    Stopped,
}

impl Server<'_> {
    /// Serves one connection until it closes, times out or the server stops.
    ///
    /// Waits in poll(2) on the connection and the stop signal. A fault of the
    /// connection is counted, never returned. So is a panic of the handler; but
    /// in a child of this server it ends the process, so that what it left half
    /// done goes with it, and its parent counts it.
    pub fn converse(&self, stream: &TcpStream) {
        let _active = self.meter().connection();
        let mut conversation = self.conversation();
        let conversing = || {
            let orderly = self.drive(stream, &mut conversation).unwrap_or(false);
            if conversation.faulty() || !orderly {
                self.meter().fault();
            }
        };
        match catch_unwind(AssertUnwindSafe(conversing)) {
            Err(panic) if self.is_child.load(Relaxed) => resume_unwind(panic),
            Err(_) => self.meter().panic(),
            Ok(()) => {}
        }
    }

    /// False when the peer made no progress in time.
    fn drive(&self, mut stream: &TcpStream, conversation: &mut Conversation) -> io::Result<bool> {
        let idle = self.limits().idle_timeout;
        let patience = |time: Option<Duration>| time.map(|time| Instant::now() + time);
        let mut deadline = patience(idle);
        let mut wait_until = Instant::now();
        loop {
            match conversation.step() {
                Step::Call => {
                    let outcome = self.call(conversation);
                    if let Outcome::Wait(time) = outcome {
                        wait_until = Instant::now() + time;
                    }
                    deadline = patience(idle);
                }
                Step::Write => match stream.write(conversation.unwritten()) {
                    Ok(bytes) => {
                        conversation.wrote(bytes);
                        deadline = patience(idle);
                    }
                    Err(error) if would_block(&error) => {
                        if let Woken::TimedOut = self.wait_to_write(stream, deadline)? {
                            close_with_reset(stream);
                            return Ok(false);
                        }
                    }
                    Err(error) => return Err(error),
                },
                Step::Read => match self.wait_to_read(stream, deadline)? {
                    Woken::Ready => match stream.read(conversation.space()) {
                        Ok(0) => conversation.ended(),
                        Ok(bytes) => {
                            if conversation.between_messages() {
                                deadline = patience(idle);
                            }
                            conversation.received(bytes);
                        }
                        Err(error) if would_block(&error) => {}
                        Err(error) => return Err(error),
                    },
                    Woken::TimedOut => return Ok(conversation.between_messages()),
                    Woken::Stopped => conversation.stop(),
                },
                Step::Wait => {
                    if !self.wait_out(wait_until)? {
                        return Ok(true);
                    }
                    conversation.resume();
                    deadline = patience(idle);
                }
                Step::Shut => {
                    stream.shutdown(Shutdown::Write)?;
                    conversation.shut();
                    deadline = patience(Some(idle.unwrap_or(READ_OFF_TIME).min(READ_OFF_TIME)));
                }
                Step::Close => return Ok(true),
            }
        }
    }

    fn wait_to_read(&self, stream: &TcpStream, deadline: Option<Instant>) -> io::Result<Woken> {
        let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = [fd(stream.as_fd()), fd(self.stop().as_fd())];
        let ready = poll_until(&mut fds, deadline)?;
        if ready && is_ready(&fds[1]) && self.stop().requested() {
            return Ok(Woken::Stopped);
        }
        Ok(if ready { Woken::Ready } else { Woken::TimedOut })
    }

    /// A stop does not end this wait, since these are replies; it only shortens it.
    fn wait_to_write(&self, stream: &TcpStream, deadline: Option<Instant>) -> io::Result<Woken> {
        let mut fds = [
            PollFd::new(stream.as_fd(), PollFlags::POLLOUT),
            PollFd::new(self.stop().as_fd(), PollFlags::POLLIN),
        ];
        let drain = self.stop().deadline();
        let until = [deadline, drain].into_iter().flatten().min();
        let watched = if drain.is_some() { 1 } else { 2 };
        let ready = poll_until(&mut fds[..watched], until)?;
        Ok(if ready { Woken::Ready } else { Woken::TimedOut })
    }

    /// Waits until `until`, or until a drain has lasted as long as it may (false).
    fn wait_out(&self, until: Instant) -> io::Result<bool> {
        let mut stop = [PollFd::new(self.stop().as_fd(), PollFlags::POLLIN)];
        if !poll_until(&mut stop, Some(until))? {
            return Ok(true);
        }
        let drain = self.stop().deadline().unwrap_or(until);
        poll_until(&mut [], Some(until.min(drain)))?;
        Ok(until <= drain)
    }
}
