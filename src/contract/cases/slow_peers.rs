//! Peers that are slow or silent, and the limits that close them.

use std::thread;
use std::time::{Duration, Instant};

use crate::contract::case::Case;
use crate::contract::message::{frame, ping, pong, request};
use crate::contract::need::Need;
use crate::contract::subject::UnderTest;
use crate::contract::test_server::eventually;
use crate::contract::violation::{At, Checked, Violation, expect};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a_slow_reader_is_disconnected_and_does_not_delay_others",
        about: "replies that a peer does not read use bounded memory and do not delay other clients",
        needs: &[Need::Model, Need::Method("blob")],
        run: a_slow_reader,
    },
    Case {
        name: "an_idle_peer_is_closed",
        about: "a peer that is silent between messages is closed after the idle timeout",
        needs: &[Need::Model],
        run: an_idle_peer_is_closed,
    },
    Case {
        name: "a_dribbling_peer_is_closed",
        about: "single bytes are no progress: a message must be complete within the idle timeout",
        needs: &[Need::Model],
        run: a_dribbling_peer_is_closed,
    },
    Case {
        name: "the_timeout_of_a_message_starts_at_its_first_byte",
        about: "silence before a message does not shorten its time",
        needs: &[Need::Model],
        run: the_timeout_starts_at_the_first_byte,
    },
];

/// The most memory of a server with a peer that does not read.
const MAX_MEMORY_BYTES: u64 = 64 << 20;

fn a_slow_reader(under_test: &UnderTest<'_>) -> Checked {
    let idle_timeout = Some(Duration::from_secs(1));
    let server = under_test.start_with(|limits| limits.idle_timeout = idle_timeout)?;
    let mut greedy = server.client()?;
    // Requests 200 MB of replies and reads none of them.
    let blob = frame(&request("blob", 1_000_000));
    let takes = |_: &u32| greedy.try_send(&blob, Duration::from_millis(300));
    let _ = (0..200).take_while(takes).count();
    let begun = Instant::now();
    if !under_test.is_serial() {
        server.client()?.ask_for(&ping(1), &pong(1))?;
        let took = begun.elapsed();
        let expected = "another client is served at once";
        expect(took < Duration::from_millis(900), expected, || {
            format!("it waited {took:?}")
        })?;
    }
    let memory = server.memory_bytes()?;
    let expected = format!("less than {MAX_MEMORY_BYTES} bytes of memory");
    expect(memory < MAX_MEMORY_BYTES, expected, || {
        format!("{memory} bytes: unread replies accumulate")
    })?;
    // The slow reader is disconnected in the end, so a serial model can serve again.
    let served = server.client()?.ask_for(&ping(2), &pong(2));
    served.at(|| "a client after the slow reader".into())?;
    eventually("the slow reader is disconnected", || Ok(greedy.is_cut()))
}

fn an_idle_peer_is_closed(under_test: &UnderTest<'_>) -> Checked {
    let idle_timeout = Some(Duration::from_millis(300));
    let server = under_test.start_with(|limits| limits.idle_timeout = idle_timeout)?;
    let mut client = server.client()?;
    client.ask_for(&ping(1), &pong(1))?;
    let begun = Instant::now();
    client.expect_closed()?;
    let took = begun.elapsed();
    let expected = "a close after the idle timeout of 300 ms";
    expect(took > Duration::from_millis(200), expected, || {
        format!("a close after {took:?}")
    })
}

fn a_dribbling_peer_is_closed(under_test: &UnderTest<'_>) -> Checked {
    let idle_timeout = Some(Duration::from_millis(500));
    let server = under_test.start_with(|limits| limits.idle_timeout = idle_timeout)?;
    let mut client = server.client()?;
    let pause = Duration::from_millis(50);
    let message = frame(&ping("\"a long enough message\""));
    // All but the last byte, so that it never is complete.
    let bytes = &message[..message.len() - 1];
    let closes = |byte: &u8| !client.try_send(&[*byte], pause) || client.is_closed_within(pause);
    let closed = bytes.iter().any(closes);
    let expected = "a close after the idle timeout of 500 ms";
    expect(closed, expected, || {
        format!("open after {} bytes, one per 50 ms", bytes.len())
    })
}

fn the_timeout_starts_at_the_first_byte(under_test: &UnderTest<'_>) -> Checked {
    let idle_timeout = Some(Duration::from_millis(800));
    let server = under_test.start_with(|limits| limits.idle_timeout = idle_timeout)?;
    let mut client = server.client()?;
    thread::sleep(Duration::from_millis(600));
    let request = frame(&ping(1));
    client.send(&request[..9])?;
    thread::sleep(Duration::from_millis(450));
    let rest = client.send(&request[9..]);
    let reply = rest.and_then(|()| client.expect_reply(&pong(1)));
    reply.map_err(|violation| Violation {
        at: "600 ms of silence, then a message within 450 ms, at a timeout of 800 ms".into(),
        ..violation
    })
}
