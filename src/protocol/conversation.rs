//! One connection's side of the protocol, without I/O.
//!
//! A [`Conversation`] takes bytes in and gives bytes out and knows no socket,
//! so blocking, readiness-based and completion-based models all drive the same
//! one. The driver asks [`Conversation::step`] what to do, does it, reports
//! back, and asks again.

use super::fault::Fault;
use super::frame::{Frame, HEADER_BYTES};
use super::reply::Reply;
use super::request::Request;
use super::service::{Outcome, Service};
use super::write_mode::{WriteMode, WriteSplitter};

/// While this many bytes are unwritten, no further request is served.
pub const HIGH_WATER_BYTES: usize = 64 << 10;
/// After a refusal, how much of what the peer still sends is read and thrown away.
pub const READ_OFF_BYTES: usize = 4 << 20;
const FIRST_BUFFER_BYTES: usize = 4 << 10;
const LARGE_BUFFER_BYTES: usize = 64 << 10;

/// What the driver is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A request is complete: [`Conversation::call`] the service.
    Call,
    /// Write [`Conversation::unwritten`] and report with [`Conversation::wrote`].
    Write,
    /// Read into [`Conversation::space`]; report with [`Conversation::received`] or [`Conversation::ended`].
    Read,
    /// Let the time that `call` named pass, then [`Conversation::resume`].
    Wait,
    /// Shut the socket's write side and report with [`Conversation::shut`].
    Shut,
    /// Close the connection.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests come in.
    Open,
    /// No more will be read; what was read is answered.
    Ending,
    /// A refusal is on its way out; then the write side is shut.
    Refusing,
    /// The write side is shut; this many bytes have been thrown away.
    ReadingOff(usize),
    /// Over.
    Closed,
}

/// The state of one connection: what was read and not served, what was answered and not written.
#[derive(Debug)]
pub struct Conversation {
    /// Bytes `start..end` were read and not served yet.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes `written..` are still to be written, those from `held` on not yet.
    output: Vec<u8>,
    written: usize,
    held: Option<usize>,
    pieces: WriteSplitter,
    phase: Phase,
    max_frame_bytes: usize,
    faulty: bool,
}

impl Conversation {
    /// A conversation whose requests and replies are at most `max_frame_bytes` long.
    pub fn new(max_frame_bytes: usize) -> Conversation {
        Conversation {
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            written: 0,
            held: None,
            pieces: WriteSplitter::new(WriteMode::Default),
            phase: Phase::Open,
            max_frame_bytes,
            faulty: false,
        }
    }

    /// The same, its replies written in this way.
    #[must_use]
    pub fn with_write_mode(self, write_mode: WriteMode) -> Conversation {
        Conversation {
            pieces: WriteSplitter::new(write_mode),
            ..self
        }
    }

    /// What to do next.
    ///
    /// Serving comes before writing, so that the replies to one read go out in
    /// one write; writing comes before reading, so that a peer that does not
    /// read its replies is not read from.
    pub fn step(&mut self) -> Step {
        let serving = matches!(self.phase, Phase::Open | Phase::Ending) && self.held.is_none();
        if serving && self.output.len() - self.written < HIGH_WATER_BYTES {
            match Frame::peek(&self.input[self.start..self.end], self.max_frame_bytes) {
                Frame::Whole(_) => return Step::Call,
                Frame::TooLong(announced) => self.refuse(announced),
                Frame::Partial(_) => {}
            }
        }
        if !self.unwritten().is_empty() {
            return Step::Write;
        }
        if self.held.is_some() {
            return Step::Wait;
        }
        match self.phase {
            Phase::Open => Step::Read,
            Phase::Refusing => Step::Shut,
            Phase::ReadingOff(bytes) if bytes < READ_OFF_BYTES => Step::Read,
            Phase::Ending | Phase::ReadingOff(_) | Phase::Closed => Step::Close,
        }
    }

    /// Serves the first request that was read.
    ///
    /// On [`Outcome::Wait`] its reply is held back until [`Conversation::resume`].
    pub fn call(&mut self, service: &dyn Service) -> Outcome {
        let input = &self.input[self.start..self.end];
        let Frame::Whole(length) = Frame::peek(input, self.max_frame_bytes) else {
            return Outcome::Done;
        };
        let body = &input[HEADER_BYTES..HEADER_BYTES + length];
        let before = self.output.len();
        let mut reply = Reply::new(&mut self.output, self.max_frame_bytes);
        let outcome = match Request::parse(body) {
            Ok(request) => service.call(&request, &mut reply),
            Err(fault) => {
                reply.error(&fault);
                Outcome::Done
            }
        };
        reply.finish();
        if outcome != Outcome::Done {
            self.held = Some(before);
        }
        self.start += HEADER_BYTES + length;
        outcome
    }

    /// The time that the last call named has passed: its reply may go out.
    pub fn resume(&mut self) {
        self.held = None;
    }

    /// Room for the next bytes; never empty.
    ///
    /// It grows with what has really arrived, not with what a header announces,
    /// and is small again after a large frame.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.input.len() > LARGE_BUFFER_BYTES {
                self.input = Vec::new();
            }
        }
        if self.end == self.input.len() && self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.input.len() {
            let most = HEADER_BYTES + self.max_frame_bytes.max(FIRST_BUFFER_BYTES);
            self.input
                .resize((2 * self.end).clamp(FIRST_BUFFER_BYTES, most), 0);
        }
        &mut self.input[self.end..]
    }

    /// The first `bytes` of [`Conversation::space`] have been filled.
    pub fn received(&mut self, bytes: usize) {
        match &mut self.phase {
            Phase::ReadingOff(thrown_away) => *thrown_away += bytes,
            _ => self.end += bytes,
        }
    }

    /// The peer will send nothing more.
    pub fn ended(&mut self) {
        match self.phase {
            Phase::Open => {
                self.phase = Phase::Ending;
                // Requests that are whole are still served; a rest of one never will be.
                self.faulty |= self.ends_inside_a_message();
            }
            Phase::ReadingOff(_) => self.phase = Phase::Closed,
            _ => {}
        }
    }

    /// The server stops: requests that were read whole are answered, nothing more is read.
    pub fn stop(&mut self) {
        match self.phase {
            Phase::Open => self.phase = Phase::Ending,
            Phase::ReadingOff(_) => self.phase = Phase::Closed,
            _ => {}
        }
    }

    /// What is to go into the next write; empty when all is written.
    pub fn unwritten(&self) -> &[u8] {
        let unwritten = &self.output[self.written..self.held.unwrap_or(self.output.len())];
        &unwritten[..self.pieces.next(unwritten.len())]
    }

    /// The first `bytes` of [`Conversation::unwritten`] have been written.
    pub fn wrote(&mut self, bytes: usize) {
        self.pieces
            .wrote(&self.output[self.written..self.written + bytes]);
        self.written += bytes;
        if self.written == self.output.len() {
            self.output.clear();
            self.output.shrink_to(2 * HIGH_WATER_BYTES);
            self.written = 0;
        } else if self.written >= HIGH_WATER_BYTES {
            self.output.drain(..self.written);
            self.held = self.held.map(|held| held - self.written);
            self.written = 0;
        }
    }

    /// The write side has been shut.
    pub fn shut(&mut self) {
        self.phase = Phase::ReadingOff(0);
        (self.start, self.end) = (0, 0);
    }

    /// Whether this connection broke the protocol: closed inside a message, or too long a one.
    pub fn faulty(&self) -> bool {
        self.faulty
    }

    /// Whether nothing of a message has been read that is not served yet.
    pub fn between_messages(&self) -> bool {
        self.start == self.end
    }

    fn refuse(&mut self, announced: usize) {
        let fault = Fault::TooLong {
            announced,
            limit: self.max_frame_bytes,
        };
        Reply::new(&mut self.output, self.max_frame_bytes).error(&fault);
        self.phase = Phase::Refusing;
        self.faulty = true;
    }

    fn ends_inside_a_message(&self) -> bool {
        let mut rest = &self.input[self.start..self.end];
        while let Frame::Whole(length) = Frame::peek(rest, self.max_frame_bytes) {
            rest = &rest[HEADER_BYTES + length..];
        }
        !rest.is_empty()
    }
}
