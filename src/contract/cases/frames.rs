//! Messages in pieces, many in one, cut off, and over the limit.

use std::iter::repeat_n;
use std::thread;
use std::time::Duration;

use crate::contract::case::Case;
use crate::contract::message::{frame, ping, pong};
use crate::contract::subject::UnderTest;
use crate::contract::violation::{At, Checked};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "split_frames",
        about: "a message in two pieces, split anywhere, is answered",
        needs: &[],
        run: split_frames,
    },
    Case {
        name: "a_byte_at_a_time",
        about: "a message in pieces of one byte is answered",
        needs: &[],
        run: a_byte_at_a_time,
    },
    Case {
        name: "a_thousand_pipelined",
        about: "a thousand requests in one piece are answered in their order",
        needs: &[],
        run: a_thousand_pipelined,
    },
    Case {
        name: "half_close",
        about: "a client that shuts its sending side gets all replies, then the close",
        needs: &[],
        run: half_close,
    },
    Case {
        name: "closed_inside_a_message",
        about: "a connection that ends inside a message is closed without a reply",
        needs: &[],
        run: closed_inside_a_message,
    },
    Case {
        name: "an_oversize_frame_is_refused",
        about: "a length over the limit gets one error reply and a close; others are served",
        needs: &[],
        run: an_oversize_frame_is_refused,
    },
    Case {
        name: "a_ping_of_the_maximum_length",
        about: "a message as long as the limit is answered",
        needs: &[],
        run: a_ping_of_the_maximum_length,
    },
];

fn split_frames(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    let params = r#"{"a":[1,2.50,"é"]}"#;
    let request = frame(&ping(params));
    for split in 1..request.len() {
        client.send(&request[..split])?;
        // For some splits the pieces must arrive in separate packets.
        if split % 7 == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        client.send(&request[split..])?;
        let reply = client.expect_reply(&pong(params));
        reply.at(|| format!("a message split at byte {split}"))?;
    }
    Ok(())
}

fn a_byte_at_a_time(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    for byte in frame(&ping(7)) {
        client.send(&[byte])?;
        thread::sleep(Duration::from_millis(1));
    }
    client.expect_reply(&pong(7))
}

fn a_thousand_pipelined(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    let requests: Vec<u8> = (0..1000).flat_map(|n| frame(&ping(n))).collect();
    client.send(&requests)?;
    (0..1000).try_for_each(|n| client.expect_reply(&pong(n)))
}

fn half_close(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    let requests: Vec<u8> = (0..100).flat_map(|n| frame(&ping(n))).collect();
    client.send(&requests)?;
    client.shut()?;
    (0..100).try_for_each(|n| client.expect_reply(&pong(n)))?;
    client.expect_closed().at(|| "after the last reply".into())
}

fn closed_inside_a_message(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    for cut in [2, 4, 10] {
        let mut client = server.client()?;
        client.send(&frame(&ping(1))[..cut])?;
        client.shut()?;
        let closed = client.expect_closed();
        closed.at(|| format!("a message cut at byte {cut}"))?;
    }
    let mut other = server.client()?;
    other.ask_for(&ping(2), &pong(2))
}

fn an_oversize_frame_is_refused(under_test: &UnderTest<'_>) -> Checked {
    let limit = if under_test.is_exact() { 1000 } else { 1 << 20 };
    let server = under_test.start_with(|limits| limits.max_frame_bytes = limit)?;
    let mut client = server.client()?;
    let mut bytes = frame(&ping(1));
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    // More than the kernel buffers, so that a reset would discard the replies.
    bytes.extend(repeat_n(b'x', 3 << 20));
    client.send(&bytes)?;
    client.expect_reply(&pong(1))?;
    let reason = format!("length 4294967295 is over the limit of {limit} bytes");
    client.expect_error(&reason)?;
    client.expect_closed().at(|| "after the refusal".into())?;
    drop(client);
    let mut other = server.client()?;
    other.ask_for(&ping(2), &pong(2))
}

fn a_ping_of_the_maximum_length(under_test: &UnderTest<'_>) -> Checked {
    let limit = if under_test.is_exact() { 1000 } else { 1 << 20 };
    let server = under_test.start_with(|limits| limits.max_frame_bytes = limit)?;
    let around = ping("\"\"").len();
    let params = format!("\"{}\"", "z".repeat(limit - around));
    let mut client = server.client()?;
    client.ask_for(&ping(&params), &pong(&params))
}
