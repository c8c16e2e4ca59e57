//! A kernel that completes the operations of one connection as a script says: in pieces, late,
//! without buffers, after a cancellation. The fuzz target `completions` uses it too.

use std::io;
use std::time::{Duration, Instant};

use rpcbench::{
    CompletionConnection, Conversation, Operation, Outcome, Progress, Service, TimerQueue,
};

/// The longest chunk that one completion delivers, as a provided buffer is.
const BUFFER_BYTES: usize = 4096;
/// Steps that a script may take: one that never makes progress ends there.
const MOST_STEPS: usize = 200_000;

/// What the kernel does next is chosen by bytes; at their end it completes everything at once.
pub struct Script<'a>(pub &'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
}

/// What came of a connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// The bytes that were sent to the peer.
    pub output: Vec<u8>,
    /// Whether the peer broke the protocol.
    pub faulty: bool,
    /// The most bytes that were delivered while one send was under way.
    pub most_unsent: usize,
    /// How often receiving was cancelled.
    pub cancels: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Completed {
    Send,
    Receive,
}

struct Kernel<'a> {
    input: &'a [u8],
    receiving: bool,
    cancelled: bool,
    sending: Option<Vec<u8>>,
    delivered_while_sending: usize,
    now: Instant,
    seen: Seen,
}

/// Serves `input`, then the end of the stream, with completions as the script says.
pub fn serve(
    conversation: Conversation,
    service: &dyn Service,
    input: &[u8],
    mut script: Script<'_>,
) -> Seen {
    let now = Instant::now();
    let mut connection = CompletionConnection::new(conversation, None, 0, now);
    let mut timers = TimerQueue::default();
    let mut kernel = Kernel {
        input,
        receiving: false,
        cancelled: false,
        sending: None,
        delivered_while_sending: 0,
        now,
        seen: Seen {
            output: Vec::new(),
            faulty: false,
            most_unsent: 0,
            cancels: 0,
        },
    };
    for _ in 0..MOST_STEPS {
        while let Some((_, at)) = timers.pop_due(kernel.now) {
            connection.wake(at, kernel.now);
        }
        let call = |conversation: &mut Conversation| -> Outcome { conversation.call(service) };
        let progress = connection.drive(call, &mut timers, kernel.now);
        while let Some(operation) = connection.next_operation() {
            kernel.start(operation);
        }
        assert_eq!(
            connection.is_in_flight(),
            kernel.receiving || kernel.sending.is_some()
        );
        match progress.expect("no operation fails") {
            Progress::Closes { faulty } => {
                assert!(kernel.sending.is_none(), "it closes with a send under way");
                kernel.seen.faulty = faulty;
                return kernel.seen;
            }
            Progress::Again => continue,
            Progress::Waits | Progress::Calls => {}
        }
        loop {
            let completed = kernel.complete(&mut connection, &mut script);
            if completed.is_none() {
                let next = timers.next().expect("it waits for nothing");
                kernel.now = kernel.now.max(next);
            }
            // As in the model: a send that gives it nothing to do is followed by no turn.
            if completed != Some(Completed::Send) || !connection.waits_for_peer() {
                break;
            }
        }
    }
    panic!("the connection makes no progress");
}

impl Kernel<'_> {
    fn start(&mut self, operation: Operation) {
        match operation {
            Operation::Receive => {
                assert!(!self.receiving, "two receives");
                (self.receiving, self.cancelled) = (true, false);
            }
            Operation::CancelReceive => {
                assert!(!self.cancelled, "cancelled twice");
                self.cancelled = self.receiving;
                self.seen.cancels += 1;
            }
            Operation::Send(bytes) => {
                assert!(self.sending.is_none(), "two sends");
                assert!(!bytes.is_empty());
                self.sending = Some(bytes);
                self.delivered_while_sending = 0;
            }
            Operation::Shut => {}
        }
    }

    /// Completes one operation, if there is one.
    fn complete(
        &mut self,
        connection: &mut CompletionConnection,
        script: &mut Script<'_>,
    ) -> Option<Completed> {
        self.now += Duration::from_micros(1);
        let choice = script.next();
        let prefers_send = choice.unwrap_or(0) & 1 == 0;
        if self.sending.is_some() && (prefers_send || !self.receiving) {
            self.complete_send(connection, choice);
            Some(Completed::Send)
        } else if self.receiving {
            self.complete_receive(connection, choice, script.next());
            Some(Completed::Receive)
        } else {
            None
        }
    }

    fn complete_send(&mut self, connection: &mut CompletionConnection, choice: Option<u8>) {
        let Some(bytes) = self.sending.take() else {
            return;
        };
        // Some sends are short.
        let short = choice.map_or(bytes.len(), |choice| 1 + usize::from(choice) * 8);
        let sent = short.min(bytes.len());
        self.seen.output.extend_from_slice(&bytes[..sent]);
        connection.sent(Ok(sent), bytes, self.now);
    }

    fn complete_receive(
        &mut self,
        connection: &mut CompletionConnection,
        choice: Option<u8>,
        length: Option<u8>,
    ) {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        let kind = choice.unwrap_or(0) >> 1;
        if self.cancelled && kind % 4 != 1 {
            self.receiving = false;
            return connection.received(error(libc::ECANCELED), false, self.now);
        }
        // No buffers: nothing is lost, and the receive has ended.
        if kind % 8 == 3 {
            self.receiving = false;
            return connection.received(error(libc::ENOBUFS), false, self.now);
        }
        let length = length.map_or(BUFFER_BYTES, |length| 1 + usize::from(length) * 16);
        let (bytes, rest) = self
            .input
            .split_at(length.min(BUFFER_BYTES).min(self.input.len()));
        self.input = rest;
        // The end of the stream ends the receive; the kernel may also end it at any other time.
        let more = !bytes.is_empty() && kind % 8 != 5;
        self.receiving = more;
        if self.sending.is_some() {
            self.delivered_while_sending += bytes.len();
            let most = &mut self.seen.most_unsent;
            *most = (*most).max(self.delivered_while_sending);
        }
        connection.received(Ok(bytes), more, self.now);
    }
}
