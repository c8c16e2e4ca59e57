//! The server side of the protocol for one connection, without I/O.
//!
//! A [`Conversation`] takes input bytes and produces output bytes. It has no
//! socket, so blocking, readiness-based and completion-based models use the
//! same code. The driver calls [`Conversation::step`], does that step, reports
//! the result, and repeats.

use super::fault::Fault;
use super::frame::{Frame, HEADER_BYTES};
use super::reply::Reply;
use super::request::Request;
use super::service::{Outcome, Service};
use super::write_mode::{WriteMode, WriteSplitter};

/// While at least this many bytes are unwritten, no further request is served.
pub const HIGH_WATER_BYTES: usize = 64 << 10;
/// After a refusal, how many further bytes of the peer are read and discarded.
pub const READ_OFF_BYTES: usize = 4 << 20;
const FIRST_BUFFER_BYTES: usize = 4 << 10;
const LARGE_BUFFER_BYTES: usize = 64 << 10;

/// What the driver must do next. See the example of [`Conversation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A request is complete: [`Conversation::call`] the service.
    Call,
    /// Write [`Conversation::unwritten`] and report with [`Conversation::wrote`].
    Write,
    /// Read into [`Conversation::space`]; report with [`Conversation::received`] or [`Conversation::ended`].
    Read,
    /// Wait for the time that `call` returned, then [`Conversation::resume`].
    Wait,
    /// Shut down the socket's write side and report with [`Conversation::shut`].
    Shut,
    /// Close the connection.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests are read and served.
    Open,
    /// Nothing more is read; the requests already read are served.
    Ending,
    /// A refusal is being written; then the write side is shut down.
    Refusing,
    /// The write side is shut down; this many bytes have been discarded.
    Discarding(usize),
    /// The conversation has ended.
    Closed,
}

/// The state of one connection: bytes read but not served, and replies not written yet.
///
/// A driver does the I/O. This one has its input in memory; a completion-based model does the
/// same with the completions of its reads and writes. In a model, [`Server::conversation`]
/// makes a conversation and [`Server::call`] serves a request, so that limits and counters hold.
///
/// ```
/// use rpcbench::{Builtin, Conversation, Step};
///
/// let body = br#"{"in":"ping","params":[1,2]}"#;
/// let mut input = (body.len() as u32).to_le_bytes().to_vec();
/// input.extend_from_slice(body);
///
/// let mut conversation = Conversation::new(1 << 20);
/// let mut output = Vec::new();
/// loop {
///     match conversation.step() {
///         Step::Read if input.is_empty() => conversation.ended(),
///         Step::Read => {
///             let space = conversation.space();
///             let bytes = input.len().min(space.len());
///             space[..bytes].copy_from_slice(&input[..bytes]);
///             input.drain(..bytes);
///             conversation.received(bytes);
///         }
///         Step::Call => {
///             // On `Outcome::Wait(time)`, `Step::Wait` follows; see `Conversation::resume`.
///             conversation.call(&Builtin);
///         }
///         Step::Write => {
///             output.extend_from_slice(conversation.unwritten());
///             let bytes = conversation.unwritten().len();
///             conversation.wrote(bytes);
///         }
///         Step::Wait => conversation.resume(),
///         Step::Shut => conversation.shut(),
///         Step::Close => break,
///     }
/// }
/// assert_eq!(&output[4..], br#"{"out":"pong","result":[1,2]}"#);
/// ```
///
/// [`Server::conversation`]: crate::Server::conversation
/// [`Server::call`]: crate::Server::call
#[derive(Debug)]
pub struct Conversation {
    /// Bytes `start..end` were read and are not served yet.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes `written..` are unwritten; those from `held` on must not be written yet.
    output: Vec<u8>,
    written: usize,
    held: Option<usize>,
    splitter: WriteSplitter,
    phase: Phase,
    max_frame_bytes: usize,
    faulty: bool,
}

impl Conversation {
    /// A conversation with requests and replies of at most `max_frame_bytes`.
    pub fn new(max_frame_bytes: usize) -> Conversation {
        Conversation {
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            written: 0,
            held: None,
            splitter: WriteSplitter::new(WriteMode::Default),
            phase: Phase::Open,
            max_frame_bytes,
            faulty: false,
        }
    }

    /// The same conversation with this write mode.
    #[must_use]
    pub fn with_write_mode(self, write_mode: WriteMode) -> Conversation {
        Conversation {
            splitter: WriteSplitter::new(write_mode),
            ..self
        }
    }

    /// Returns the next step.
    ///
    /// Serving comes before writing, so that the replies to one read are sent in
    /// one write. Writing comes before reading, so that nothing is read from a
    /// peer that does not read its replies.
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
            Phase::Discarding(bytes) if bytes < READ_OFF_BYTES => Step::Read,
            Phase::Ending | Phase::Discarding(_) | Phase::Closed => Step::Close,
        }
    }

    /// Serves the first request that was read.
    ///
    /// On [`Outcome::Wait`] the reply is delayed until [`Conversation::resume`].
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

    /// Releases the delayed reply: the time that the last call returned has passed.
    pub fn resume(&mut self) {
        self.held = None;
    }

    /// The buffer to read the next bytes into; never empty.
    ///
    /// It grows with the bytes that have arrived, not with the length that a
    /// header announces, and shrinks after a large frame.
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

    /// Reports that the first `bytes` of [`Conversation::space`] have been filled.
    pub fn received(&mut self, bytes: usize) {
        match &mut self.phase {
            Phase::Discarding(discarded) => *discarded += bytes,
            _ => self.end += bytes,
        }
    }

    /// Reports that the peer will send nothing more.
    pub fn ended(&mut self) {
        match self.phase {
            Phase::Open => {
                self.phase = Phase::Ending;
                // Complete requests are still served; an incomplete one is a fault.
                self.faulty |= self.ends_inside_a_message();
            }
            Phase::Discarding(_) => self.phase = Phase::Closed,
            _ => {}
        }
    }

    /// Starts the drain: complete requests are served, nothing more is read.
    pub fn stop(&mut self) {
        match self.phase {
            Phase::Open => self.phase = Phase::Ending,
            Phase::Discarding(_) => self.phase = Phase::Closed,
            _ => {}
        }
    }

    /// The bytes for the next write; empty when everything is written.
    pub fn unwritten(&self) -> &[u8] {
        let unwritten = &self.output[self.written..self.held.unwrap_or(self.output.len())];
        &unwritten[..self.splitter.next(unwritten.len())]
    }

    /// Reports that the first `bytes` of [`Conversation::unwritten`] have been written.
    pub fn wrote(&mut self, bytes: usize) {
        self.splitter
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

    /// Reports that the write side has been shut down.
    pub fn shut(&mut self) {
        self.phase = Phase::Discarding(0);
        (self.start, self.end) = (0, 0);
    }

    /// Whether the peer broke the protocol: it closed inside a message, or sent a message over the limit.
    pub fn faulty(&self) -> bool {
        self.faulty
    }

    /// Whether every byte read belongs to a message that was served.
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
        let mut remaining = &self.input[self.start..self.end];
        while let Frame::Whole(length) = Frame::peek(remaining, self.max_frame_bytes) {
            remaining = &remaining[HEADER_BYTES + length..];
        }
        !remaining.is_empty()
    }
}
