//! The blocking driver of a conversation, for single, threaded, forking and preforking.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags};

use super::blocking_read::{BlockingRead, ReadEnd};
use super::bound::{READ_OFF_TIME, Server};
use super::idle_deadline::IdleDeadline;
use super::stream::{close_with_reset, would_block};
use crate::protocol::{Conversation, Outcome, Step};
use crate::sys::poll::poll_until;
use crate::sys::sockets::send_without_blocking;

impl Server<'_> {
    /// Serves one connection until it closes, times out or the server stops.
    ///
    /// `stream` is from [`Server::accept`]: a read of it blocks for at most 100 ms,
    /// so a stop and the timeouts are noticed. A fault of the connection is
    /// counted, not returned. A panic of the handler is counted too; in a child of
    /// this server it ends the process, so that no inconsistent state remains, and
    /// the parent counts it.
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
    fn drive(&self, stream: &TcpStream, conversation: &mut Conversation) -> io::Result<bool> {
        let mut reads = BlockingRead::new(self.stop(), stream);
        let mut deadline = IdleDeadline::new(self.limits().idle_timeout);
        let mut wait_until = None;
        loop {
            match conversation.step() {
                Step::Call => {
                    let outcome = self.call(conversation);
                    if let Outcome::Wait(time) = outcome {
                        wait_until = Some(Instant::now() + time);
                    }
                    deadline.progressed();
                }
                Step::Write => match send_without_blocking(stream, conversation.unwritten()) {
                    Ok(bytes) => {
                        conversation.wrote(bytes);
                        deadline.progressed();
                    }
                    Err(error) if would_block(&error) => {
                        if !self.wait_to_write(stream, deadline.at(Instant::now()))? {
                            close_with_reset(stream);
                            return Ok(false);
                        }
                    }
                    Err(error) => return Err(error),
                },
                Step::Read => match reads.read(conversation.space(), &mut deadline)? {
                    ReadEnd::Read(0) => conversation.ended(),
                    ReadEnd::Read(bytes) => {
                        if conversation.between_messages() {
                            deadline.progressed();
                        }
                        conversation.received(bytes);
                    }
                    ReadEnd::TimedOut => return Ok(conversation.between_messages()),
                    ReadEnd::Stopped => conversation.stop(),
                },
                Step::Wait => {
                    if let Some(until) = wait_until
                        && !self.wait_for_delay(until)?
                    {
                        return Ok(true);
                    }
                    conversation.resume();
                    deadline.progressed();
                }
                Step::Shut => {
                    stream.shutdown(Shutdown::Write)?;
                    conversation.shut();
                    deadline.end_within(READ_OFF_TIME);
                }
                Step::Close => return Ok(true),
            }
        }
    }

    /// Waits until the peer takes bytes; false when it took none until `deadline`. The stop
    /// signal does not end this wait, since replies are drained; it only shortens it.
    fn wait_to_write(&self, stream: &TcpStream, deadline: Option<Instant>) -> io::Result<bool> {
        let mut fds = [
            PollFd::new(stream.as_fd(), PollFlags::POLLOUT),
            PollFd::new(self.stop().as_fd(), PollFlags::POLLIN),
        ];
        let drain = self.stop().deadline();
        let until = [deadline, drain].into_iter().flatten().min();
        let watched = if drain.is_some() { 1 } else { 2 };
        poll_until(&mut fds[..watched], until)
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
