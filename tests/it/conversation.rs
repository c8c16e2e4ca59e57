//! The protocol without I/O: the replies do not depend on how the stream is split.

use std::time::Duration;

use proptest::prelude::*;
use rpcbench::internal::protocol::Frame;
use rpcbench::internal::protocol::HIGH_WATER_BYTES;
use rpcbench::{Builtin, Outcome};
use rpcbench::{Conversation, Step};

const MAX_FRAME: usize = 10_000;

/// Acts like a driver of blocking sockets: `input` arrives in pieces of the sizes `reads`, and
/// output is written in pieces of the sizes `writes`. Returns the output, and whether there was a
/// fault.
fn converse(input: &[u8], reads: &[usize], writes: &[usize]) -> (Vec<u8>, bool) {
    let mut conversation = Conversation::new(MAX_FRAME);
    let (mut input, mut output) = (input, Vec::new());
    let (mut reads, mut writes) = (reads.iter().cycle(), writes.iter().cycle());
    for _ in 0..10_000_000 {
        match conversation.step() {
            Step::Call => {
                if let Outcome::Wait(time) = conversation.call(&Builtin) {
                    assert!(time <= Duration::from_secs(60));
                }
            }
            Step::Write => {
                let unwritten = conversation.unwritten();
                assert!(
                    unwritten.len() <= HIGH_WATER_BYTES + MAX_FRAME + 100,
                    "{} bytes are unwritten",
                    unwritten.len()
                );
                let bytes = unwritten.len().min(*writes.next().unwrap());
                output.extend_from_slice(&unwritten[..bytes]);
                conversation.wrote(bytes);
            }
            Step::Read if input.is_empty() => conversation.ended(),
            Step::Read => {
                let space = conversation.space();
                assert!(
                    !space.is_empty() && space.len() <= 4 * MAX_FRAME,
                    "{} bytes of space",
                    space.len()
                );
                let bytes = space.len().min(input.len()).min(*reads.next().unwrap());
                space[..bytes].copy_from_slice(&input[..bytes]);
                conversation.received(bytes);
                input = &input[bytes..];
            }
            Step::Wait => conversation.resume(),
            Step::Shut => conversation.shut(),
            Step::Close => return (output, conversation.faulty()),
        }
    }
    panic!("the conversation does not end");
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any::<u32>().prop_map(|n| format!(r#"{{"in":"ping","params":{n}}}"#).into_bytes()),
        2 => (0..3000_u32).prop_map(|n| format!(r#"{{"in":"blob","params":{n}}}"#).into_bytes()),
        1 => Just(br#"{"in":"sleep","params":1}"#.to_vec()),
        1 => (0..3000_u32).prop_map(|n| format!(r#"{{"in":"work","params":{{"wait_ms":1,"reply_bytes":{n}}}}}"#).into_bytes()),
        1 => Just(br#"{"in":"nothing"}"#.to_vec()),
        1 => "\\PC{0,200}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (4000..9999_usize).prop_map(|n| format!(r#"{{"in":"ping","params":"{}"}}"#, "y".repeat(n - 30)).into_bytes()),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec(body(), 0..20);
    let end = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 1..50),
        1 => Just([&u32::MAX.to_le_bytes()[..], &[b'x'; 500]].concat()),
    ];
    (frames, end).prop_map(|(frames, end)| {
        let framed = frames
            .iter()
            .flat_map(|body| [&(body.len() as u32).to_le_bytes()[..], body].concat());
        framed.chain(end).collect()
    })
}

proptest! {
    #[test]
    fn any_split_gives_the_same_replies(
        input in stream(),
        reads in prop::collection::vec(1..5000_usize, 1..20),
        writes in prop::collection::vec(1..5000_usize, 1..20),
    ) {
        let whole = converse(&input, &[usize::MAX], &[usize::MAX]);
        prop_assert_eq!(&converse(&input, &reads, &writes), &whole);
        prop_assert_eq!(&converse(&input, &[1], &writes), &whole);
    }

    #[test]
    fn every_frame_gets_one_complete_json_reply(input in stream()) {
        let (output, _) = converse(&input, &[usize::MAX], &[usize::MAX]);
        let (mut requests, mut rest) = (0, &input[..]);
        loop {
            match Frame::peek(rest, MAX_FRAME) {
                Frame::Whole(length) => rest = &rest[4 + length..],
                Frame::TooLong(_) => { requests += 1; break }
                Frame::Partial(_) => break,
            }
            requests += 1;
        }
        let (mut replies, mut rest) = (0, &output[..]);
        while let Frame::Whole(length) = Frame::peek(rest, MAX_FRAME) {
            let reply: serde_json::Value = serde_json::from_slice(&rest[4..4 + length]).unwrap();
            prop_assert!(reply["out"].is_string() && reply.get("result").is_some());
            replies += 1;
            rest = &rest[4 + length..];
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(replies, requests);
    }
}

#[test]
fn an_incomplete_message_is_a_fault_and_an_orderly_end_is_not() {
    let ping = b"\x0d\0\0\0{\"in\":\"ping\"}";
    assert!(!converse(ping, &[3], &[9]).1);
    assert!(converse(&[&ping[..], &ping[..9]].concat(), &[3], &[9]).1);
    assert!(converse(&[0xff; 100], &[3], &[9]).1);
}

#[test]
fn no_request_is_served_above_the_high_water_mark() {
    let mut conversation = Conversation::new(1 << 20);
    let requests: Vec<u8> = (0..100)
        .flat_map(|_| {
            [
                &29_u32.to_le_bytes()[..],
                br#"{"in":"blob","params": 30000}"#,
            ]
            .concat()
        })
        .collect();
    conversation.space()[..requests.len()].copy_from_slice(&requests);
    conversation.received(requests.len());
    let mut calls = 0;
    while conversation.step() == Step::Call {
        conversation.call(&Builtin);
        calls += 1;
    }
    assert_eq!(
        (calls, conversation.step()),
        (3, Step::Write),
        "three replies of 30,000 bytes exceed the high-water mark"
    );
}
