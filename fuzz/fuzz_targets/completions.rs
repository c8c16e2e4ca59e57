//! Fuzzes the completion-based driver: any bytes from a peer, any order of the kernel's
//! completions, short sends, no buffers, cancellations.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rpcbench::{Builtin, Conversation, Outcome, Reply, Request, Service, Step};

#[path = "../../tests/it/support/scripted_kernel.rs"]
mod scripted_kernel;

use scripted_kernel::{Script, serve};

const MAX_FRAME: usize = 4096;
/// What a peer can send while its replies wait: the stash, the read buffer, and the buffer that
/// was already on its way.
const MOST_UNSENT: usize = (64 << 10) + 2 * 4096;

/// A service that skips long computations (`spin`, `pi`, `work`).
struct Quick;

impl Service for Quick {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        match request.method() {
            "spin" | "pi" | "work" => {
                reply.raw("pong", "null");
                Outcome::Done
            }
            _ => Builtin.call(request, reply),
        }
    }
}

/// The replies when everything is read and written at once.
fn expected(input: &[u8]) -> (Vec<u8>, bool) {
    let mut conversation = Conversation::new(MAX_FRAME);
    let (mut rest, mut output) = (input, Vec::new());
    loop {
        match conversation.step() {
            Step::Call => {
                conversation.call(&Quick);
            }
            Step::Write => {
                output.extend_from_slice(conversation.unwritten());
                let bytes = conversation.unwritten().len();
                conversation.wrote(bytes);
            }
            Step::Read => {
                let space = conversation.space();
                let bytes = rest.len().min(space.len());
                space[..bytes].copy_from_slice(&rest[..bytes]);
                rest = &rest[bytes..];
                match bytes {
                    0 => conversation.ended(),
                    bytes => conversation.received(bytes),
                }
            }
            Step::Wait => conversation.resume(),
            Step::Shut => conversation.shut(),
            Step::Close => return (output, conversation.faulty()),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((share, rest)) = data.split_first() else {
        return;
    };
    let (script, input) = rest.split_at(rest.len() * usize::from(*share) / 256);
    let seen = serve(Conversation::new(MAX_FRAME), &Quick, input, Script(script));
    assert!(seen.most_unsent <= MOST_UNSENT);
    assert_eq!((seen.output, seen.faulty), expected(input));
});
