//! The completion-based driver against a scripted kernel: whatever the order of the completions,
//! the replies are those of the conversation.

use proptest::prelude::*;
use rpcbench::{Builtin, Conversation, Step};

use crate::support::{Script, Seen, frame, ping, pong, serve};

const MAX_FRAME: usize = 4096;
/// What one connection may be sent while its replies wait: the stash, the read buffer, and the
/// buffer that was already on its way.
const MOST_UNSENT: usize = (64 << 10) + 2 * 4096;

fn completed(input: &[u8], script: &[u8]) -> Seen {
    serve(
        Conversation::new(MAX_FRAME),
        &Builtin,
        input,
        Script(script),
    )
}

/// The replies when everything is read and written at once.
fn expected(input: &[u8]) -> (Vec<u8>, bool) {
    let mut conversation = Conversation::new(MAX_FRAME);
    let (mut rest, mut output) = (input, Vec::new());
    loop {
        match conversation.step() {
            Step::Call => {
                conversation.call(&Builtin);
            }
            Step::Write => {
                output.extend_from_slice(conversation.unwritten());
                conversation.wrote(conversation.unwritten().len());
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

fn requests() -> Vec<u8> {
    let sleep = frame(r#"{"in":"sleep","params":3}"#);
    let blob = frame(r#"{"in":"blob","params":3000}"#);
    let pings = (0..200).flat_map(|n| frame(&ping(n)));
    [frame("nonsense"), sleep, blob.repeat(40), pings.collect()].concat()
}

#[test]
fn a_prompt_kernel_gets_all_replies() {
    let input = requests();
    let seen = completed(&input, &[]);
    assert_eq!((seen.output, seen.faulty), expected(&input));
}

#[test]
fn a_short_send_is_continued_where_it_ended() {
    let input = frame(&ping("\"abcdefgh\""));
    // Receive all, then send one byte at a time.
    let seen = completed(&input, &[0; 200]);
    assert_eq!(seen.output, frame(&pong("\"abcdefgh\"")));
}

#[test]
fn without_buffers_nothing_is_lost() {
    let input = requests();
    // Every second completion of the receive is ENOBUFS (6 >> 1 = 3).
    let script: Vec<u8> = [7, 0, 0, 40].repeat(2000);
    let seen = completed(&input, &script);
    assert_eq!((seen.output, seen.faulty), expected(&input));
}

#[test]
fn a_peer_that_does_not_read_cannot_send_on() {
    let input = frame(&ping(1)).repeat(40_000);
    // Odd: the receive goes first wherever it is under way, so the first send waits.
    let script = [1, 255].repeat(2000);
    let seen = completed(&input, &script);
    assert!(seen.cancels > 0);
    assert!(seen.most_unsent <= MOST_UNSENT, "{}", seen.most_unsent);
    assert_eq!((seen.output, seen.faulty), expected(&input));
}

#[test]
fn a_frame_over_the_limit_is_refused_and_the_rest_is_discarded() {
    let mut input = frame(&ping(1));
    input.extend_from_slice(&u32::MAX.to_le_bytes());
    input.extend_from_slice(&[b'x'; 100_000]);
    let seen = completed(&input, &[9; 500]);
    assert!(seen.faulty);
    assert_eq!((seen.output, seen.faulty), expected(&input));
}

proptest! {
    #[test]
    fn any_order_of_completions_gives_the_same_replies(
        script in prop::collection::vec(any::<u8>(), 0..3000),
        kinds in prop::collection::vec(0..6_u8, 0..60),
        cut in 0..40_usize,
    ) {
        let body = |kind: u8| match kind {
            0 => frame(&ping(7)),
            1 => frame(r#"{"in":"blob","params":4000}"#),
            2 => frame(r#"{"in":"sleep","params":2}"#),
            3 => frame("nonsense"),
            4 => frame(&ping(format!("\"{}\"", "y".repeat(3500)))),
            _ => frame(""),
        };
        let mut input: Vec<u8> = kinds.into_iter().flat_map(body).collect();
        input.truncate(input.len().saturating_sub(cut));
        let seen = completed(&input, &script);
        prop_assert!(seen.most_unsent <= MOST_UNSENT);
        prop_assert_eq!((seen.output, seen.faulty), expected(&input));
    }
}
