//! What a stop does: with nothing to do, inside a message, and with requests in progress.

use std::thread;
use std::time::{Duration, Instant};

use crate::contract::case::Case;
use crate::contract::client::Client;
use crate::contract::message::{frame, ping, pong, reply, request};
use crate::contract::need::Need;
use crate::contract::subject::UnderTest;
use crate::contract::violation::{At, Checked, Violation, expect};

/// Times after which a blocking model is in a read, and in poll(2) since that read timed out.
const READS_AND_POLLS: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(250)];
/// The longest stop that does not wait for the end of the drain of 5 s.
const SHORT_STOP: Duration = Duration::from_secs(2);

pub(super) const CASES: &[Case] = &[
    Case {
        name: "stop_while_idle",
        about: "a stop closes idle connections at once",
        needs: &[],
        run: stop_while_idle,
    },
    Case {
        name: "stop_while_mid_frame",
        about: "a stop closes connections inside a message at once",
        needs: &[],
        run: stop_while_mid_frame,
    },
    Case {
        name: "stop_while_busy",
        about: "a stop waits for the replies to requests that were read",
        needs: &[Need::Method("sleep")],
        run: stop_while_busy,
    },
    Case {
        name: "stop_while_a_client_keeps_sending",
        about: "a client that always sends does not delay a stop",
        needs: &[],
        run: stop_while_a_client_keeps_sending,
    },
    Case {
        name: "stop_while_a_peer_does_not_read",
        about: "a stop waits for a peer that does not read until the end of the drain only",
        needs: &[Need::Model, Need::Method("blob")],
        run: stop_while_a_peer_does_not_read,
    },
    Case {
        name: "stop_with_clients_waiting",
        about: "a stop does not wait for clients that were not accepted, or have sent nothing",
        needs: &[],
        run: stop_with_clients_waiting,
    },
    Case {
        name: "stop_closes_connections_at_the_end_of_the_drain",
        about: "a reply that takes longer than the drain is not waited for",
        needs: &[Need::Model, Need::Method("sleep")],
        run: stop_closes_at_the_end_of_the_drain,
    },
    Case {
        name: "stop_ends_a_handler_that_computes",
        about: "a handler that computes does not outlast the drain",
        needs: &[Need::Model, Need::Method("spin")],
        run: stop_ends_a_handler_that_computes,
    },
];

fn stop_while_idle(under_test: &UnderTest<'_>) -> Checked {
    for requests in [0, 1] {
        for pause in READS_AND_POLLS {
            let server = under_test.start()?;
            let mut client = server.client()?;
            (0..requests).try_for_each(|n| client.ask_for(&ping(n), &pong(n)))?;
            thread::sleep(pause);
            let stopped = server.stop()?.expect_exit_within(SHORT_STOP);
            let closed = stopped.and_then(|()| client.expect_closed());
            closed.at(|| format!("{requests} requests, then {pause:?} of silence"))?;
        }
    }
    Ok(())
}

fn stop_while_mid_frame(under_test: &UnderTest<'_>) -> Checked {
    // Within the length, and within the body.
    for cut in [2, 6] {
        for pause in READS_AND_POLLS {
            let server = under_test.start()?;
            let mut client = server.client()?;
            client.send(&frame(&ping(1))[..cut])?;
            thread::sleep(pause);
            let stopped = server.stop()?.expect_exit_within(SHORT_STOP);
            let closed = stopped.and_then(|()| client.expect_closed());
            closed.at(|| format!("{cut} bytes of a message, then {pause:?} of silence"))?;
        }
    }
    Ok(())
}

fn stop_while_busy(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    let requests = [frame(&request("sleep", 400)), frame(&ping(2))].concat();
    let begun = Instant::now();
    client.send(&requests)?;
    thread::sleep(Duration::from_millis(100));
    let stopped = server.stop()?;
    stopped.expect_exit_within(SHORT_STOP)?;
    let took = begun.elapsed();
    let expected = "the stop waits for a sleep of 400 ms";
    expect(took >= Duration::from_millis(400), expected, || {
        format!("it ended {took:?} after the request")
    })?;
    client.expect_reply(&reply("sleep", 400))?;
    let second = client.expect_reply(&pong(2));
    second.at(|| "a request that was read with the first".into())?;
    client.expect_closed().at(|| "after the replies".into())
}

/// No read of this connection ever times out. What was read before the stop is answered.
fn stop_while_a_client_keeps_sending(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    client.ask_for(&ping(0), &pong(0))?;
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let mut answered = 0;
            let mut n = 1_u64;
            while client.ask_for(&ping(n), &pong(n)).is_ok() {
                answered += 1;
                n += 1;
            }
            answered
        });
        thread::sleep(Duration::from_millis(150));
        let stopped = server.stop();
        let answered: u64 = sending
            .join()
            .map_err(|_| Violation::new("a client that ends", "its thread panicked"))?;
        stopped?.expect_exit_within(SHORT_STOP)?;
        let expected = "requests before the stop are answered";
        expect(answered > 0, expected, || "none was".into())
    })
}

/// The replies to requests that were read wait for the peer until the end of the drain.
fn stop_while_a_peer_does_not_read(under_test: &UnderTest<'_>) -> Checked {
    let drain = Duration::from_millis(300);
    let server = under_test.start_with(|limits| limits.drain = drain)?;
    let mut client = server.client()?;
    let blob = frame(&request("blob", 1_000_000));
    let takes = |_: &u32| client.try_send(&blob, Duration::from_millis(300));
    // Much more than the buffers of both sockets.
    let _ = (0..200).take_while(takes).count();
    thread::sleep(Duration::from_millis(100));
    server.stop()?.expect_exit_within(SHORT_STOP)
}

fn stop_with_clients_waiting(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start_workers(Some(2), |_| {})?;
    let mut first = server.client()?;
    first.ask_for(&ping(1), &pong(1))?;
    let mut waiting = server.clients(50)?;
    for client in waiting.iter_mut().skip(25) {
        client.send_body(&ping(2))?;
    }
    thread::sleep(Duration::from_millis(50));
    server.stop()?.expect_exit_within(SHORT_STOP)?;
    let mut silent = waiting.iter_mut().take(25);
    silent.try_for_each(Client::expect_closed)
}

fn stop_closes_at_the_end_of_the_drain(under_test: &UnderTest<'_>) -> Checked {
    let drain = Duration::from_millis(200);
    let server = under_test.start_with(|limits| limits.drain = drain)?;
    let mut client = server.client()?;
    client.send_body(&request("sleep", 30_000))?;
    thread::sleep(Duration::from_millis(100));
    server.stop()?.expect_exit_within(SHORT_STOP)?;
    client.expect_closed()
}

fn stop_ends_a_handler_that_computes(under_test: &UnderTest<'_>) -> Checked {
    let drain = Duration::from_millis(200);
    let server = under_test.start_with(|limits| limits.drain = drain)?;
    let mut client = server.client()?;
    client.send_body(&request("spin", 8_000_000))?;
    thread::sleep(Duration::from_millis(100));
    // A thread cannot be killed, so the guard may have to end the server.
    server.stop()?.expect_end_within(SHORT_STOP)
}
