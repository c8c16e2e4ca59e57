//! Fuzzes the server side of the protocol with any bytes, in pieces of any size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rpcbench::{Conversation, Step};
use rpcbench::internal::protocol::HIGH_WATER_BYTES;
use rpcbench::internal::protocol::Frame;
use rpcbench::{Outcome, Service};
use rpcbench::internal::protocol::WriteMode;

const MAX_FRAME: usize = 4096;

/// A service that skips long computations (`spin`, `pi`, `work`).
struct Quick;

impl Service for Quick {
    fn call(
        &self,
        request: &rpcbench::Request<'_>,
        reply: &mut rpcbench::Reply<'_>,
    ) -> Outcome {
        match request.method() {
            "spin" | "pi" | "work" => {
                reply.raw("pong", "null");
                Outcome::Done
            }
            _ => rpcbench::Builtin.call(request, reply),
        }
    }
}

/// Returns the output for `input` in pieces of `piece` bytes.
fn converse(input: &[u8], piece: usize, write_mode: WriteMode) -> Vec<u8> {
    let mut conversation = Conversation::new(MAX_FRAME).with_write_mode(write_mode);
    let (mut rest, mut output) = (input, Vec::new());
    loop {
        match conversation.step() {
            Step::Call => {
                conversation.call(&Quick);
            }
            Step::Write => {
                let bytes = conversation.unwritten();
                assert!(bytes.len() <= HIGH_WATER_BYTES + 2 * MAX_FRAME + 8);
                output.extend_from_slice(bytes);
                let bytes = bytes.len();
                conversation.wrote(bytes);
            }
            Step::Read => {
                let space = conversation.space();
                assert!(!space.is_empty());
                let bytes = rest.len().min(piece).min(space.len());
                space[..bytes].copy_from_slice(&rest[..bytes]);
                rest = &rest[bytes..];
                match bytes {
                    0 => conversation.ended(),
                    bytes => conversation.received(bytes),
                }
            }
            Step::Wait => conversation.resume(),
            Step::Shut => conversation.shut(),
            Step::Close => return output,
        }
    }
}

/// A `pong` contains the params of the request unchanged, also a number that serde_json cannot parse.
fn is_an_echo(body: &[u8]) -> bool {
    body.starts_with(b"{\"out\":\"pong\",\"result\":")
}

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else {
        return;
    };
    let whole = converse(input, usize::MAX, WriteMode::Default);
    let pieces = converse(input, usize::from(*first) + 1, WriteMode::Split);
    assert_eq!(whole, pieces);
    let mut rest = &whole[..];
    while !rest.is_empty() {
        let Frame::Whole(length) = Frame::peek(rest, MAX_FRAME + 1024) else {
            panic!("a reply is not a whole frame: {rest:?}");
        };
        let body = &rest[4..4 + length];
        let json = serde_json::from_slice::<serde_json::Value>(body);
        assert!(json.is_ok() || is_an_echo(body), "{body:?}");
        rest = &rest[4 + length..];
    }
});
