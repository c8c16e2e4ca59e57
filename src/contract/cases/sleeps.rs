//! Replies that take a time: their order, and other connections meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use crate::contract::case::Case;
use crate::contract::message::{frame, ping, pong, reply, request};
use crate::contract::need::Need;
use crate::contract::subject::UnderTest;
use crate::contract::violation::{Checked, expect};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "sleeps_and_replies_keep_their_order",
        about: "the requests of a connection are served one after the other",
        needs: &[Need::Method("sleep")],
        run: sleeps_keep_their_order,
    },
    Case {
        name: "a_sleep_is_not_ended_by_the_timer_of_a_closed_connection",
        about: "a connection does not take over what was left of another one",
        needs: &[
            Need::ManyPerWorker,
            Need::Method("sleep"),
            Need::Method("blob"),
        ],
        run: sleeps_are_of_their_connection,
    },
    Case {
        name: "a_client_that_computes_does_not_starve_others",
        about: "others are served between the requests of a client that sends many",
        needs: &[Need::ManyPerWorker, Need::Method("spin")],
        run: a_client_that_computes,
    },
];

fn sleeps_keep_their_order(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    let begun = Instant::now();
    let sleep = |ms| frame(&request("sleep", ms));
    client.send(&[frame(&ping(0)), sleep(120), sleep(20), frame(&ping(1))].concat())?;
    client.expect_reply(&pong(0))?;
    let took = begun.elapsed();
    let expected = "the first reply does not wait for a sleep that comes after it";
    expect(took < Duration::from_millis(120), expected, || {
        format!("it took {took:?}")
    })?;
    client.expect_reply(&reply("sleep", 120))?;
    client.expect_reply(&reply("sleep", 20))?;
    client.expect_reply(&pong(1))?;
    let took = begun.elapsed();
    let expected = "sleeps of 120 and 20 ms, one after the other";
    expect(took >= Duration::from_millis(140), expected, || {
        format!("both after {took:?}")
    })
}

fn sleeps_are_of_their_connection(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    for blobs in 1..12 {
        let mut client = server.client()?;
        let blob = frame(&request("blob", 600_000));
        let sleep = frame(&request("sleep", 300));
        client.send(&[blob.repeat(blobs), sleep].concat())?;
        thread::sleep(Duration::from_millis(10));
        // Because of the unread replies, this close sends a reset.
        drop(client);
    }
    let begun = Instant::now();
    let mut clients = server.clients(12)?;
    for client in &mut clients {
        client.send_body(&request("sleep", 600))?;
    }
    for client in &mut clients {
        client.expect_reply(&reply("sleep", 600))?;
        let took = begun.elapsed();
        expect(
            took >= Duration::from_millis(600),
            "a sleep of 600 ms",
            || format!("its reply after {took:?}"),
        )?;
    }
    Ok(())
}

fn a_client_that_computes(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start_workers(Some(1), |_| {})?;
    let mut greedy = server.client()?;
    let spin = frame(&request("spin", 20_000));
    greedy.send(&spin.repeat(100))?;
    thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    server.client()?.ask_for(&ping(1), &pong(1))?;
    let took = begun.elapsed();
    let expected = "another client is served among 100 requests of 20 ms";
    expect(took < Duration::from_millis(1000), expected, || {
        format!("it waited {took:?} of 2 s")
    })
}
