//! A program that handles a given number of pings with the conversation, to be counted by valgrind.
//!
//! Instruction counts have no noise, so a difference of one per cent is a real change. The
//! script `bench/instructions` prints the instructions per ping, of this build or of two.

use rpcbench::Builtin;
use rpcbench::internal::load::Message;
use rpcbench::internal::protocol::DEFAULT_MAX_FRAME_BYTES;
use rpcbench::{Conversation, Step};

fn main() {
    let count = std::env::args().find_map(|argument| argument.parse().ok());
    let message = Message::ping(16);
    let mut request = Vec::new();
    let mut conversation = Conversation::new(DEFAULT_MAX_FRAME_BYTES);
    let mut written = 0;
    for tag in 0..count.unwrap_or(1_u64) {
        request.clear();
        message.write(tag, &mut request);
        written += one(&mut conversation, &request);
    }
    std::hint::black_box(written);
}

/// Handles one request and returns the length of the reply.
fn one(conversation: &mut Conversation, request: &[u8]) -> usize {
    let mut written = 0;
    let mut read = false;
    loop {
        match conversation.step() {
            Step::Call => {
                conversation.call(&Builtin);
            }
            Step::Write => {
                written = std::hint::black_box(conversation.unwritten()).len();
                conversation.wrote(written);
            }
            Step::Read if read => return written,
            Step::Read => {
                conversation.space()[..request.len()].copy_from_slice(request);
                conversation.received(request.len());
                read = true;
            }
            step => unreachable!("a ping leads to no {step:?}"),
        }
    }
}
