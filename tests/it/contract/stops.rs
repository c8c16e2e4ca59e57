//! What a stop does: with nothing to do, in the middle of a message, and with requests in progress.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Client, Served, frame, has_workers, models, ping, pong};

/// Times after which a blocking model is in a read, and in poll(2) since that read timed out.
const READS_AND_POLLS: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(250)];

pub(super) fn stop_while_idle(model: &str) {
    for requests in [0, 1] {
        for pause in READS_AND_POLLS {
            let server = Served::start(model, &[]);
            let mut client = server.client();
            for n in 0..requests {
                assert_eq!(client.ask(&ping(n)), pong(n));
            }
            thread::sleep(pause);
            let (code, took) = server.stop();
            assert_eq!(code, Some(0));
            assert!(
                took < Duration::from_secs(2),
                "took {took:?} with nothing to do, {requests} requests, after {pause:?}"
            );
            assert!(client.is_closed());
        }
    }
}

pub(super) fn stop_while_mid_frame(model: &str) {
    // Within the length, and within the body.
    for cut in [2, 6] {
        for pause in READS_AND_POLLS {
            let server = Served::start(model, &[]);
            let mut client = server.client();
            client.send(&frame(&ping(1))[..cut]);
            thread::sleep(pause);
            let (code, took) = server.stop();
            assert_eq!(code, Some(0));
            assert!(
                took < Duration::from_secs(2),
                "took {took:?} with {cut} bytes of a message, after {pause:?}"
            );
            assert!(client.is_closed());
        }
    }
}

/// Clients that are not yet accepted, or accepted but have sent nothing.
pub(super) fn stop_with_clients_waiting(model: &str) {
    let server = Served::start(
        model,
        &["--workers", "2"][..if has_workers(model) { 2 } else { 0 }],
    );
    let mut first = server.client();
    assert_eq!(first.ask(&ping(1)), pong(1));
    let mut waiting: Vec<Client> = (0..50).map(|_| server.client()).collect();
    for client in waiting.iter_mut().skip(25) {
        client.send(&frame(&ping(2)));
    }
    thread::sleep(Duration::from_millis(50));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(
        took < Duration::from_secs(2),
        "took {took:?} with clients in the backlog"
    );
    assert!(waiting.iter_mut().take(25).all(Client::is_closed));
}

pub(super) fn stop_while_busy(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let requests = [frame(r#"{"in":"sleep","params":400}"#), frame(&ping(2))].concat();
    let begun = Instant::now();
    client.send(&requests);
    thread::sleep(Duration::from_millis(100));
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(
        begun.elapsed() >= Duration::from_millis(400),
        "the drain was cut short"
    );
    assert_eq!(
        client.receive().as_deref(),
        Some(r#"{"out":"sleep","result":400}"#)
    );
    assert_eq!(
        client.receive(),
        Some(pong(2)),
        "requests that were read are answered"
    );
    assert!(client.is_closed());
}

/// No read of this connection ever times out. What was read before the stop is answered.
pub(super) fn stop_while_a_client_keeps_sending(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    assert_eq!(client.ask(&ping(0)), pong(0));
    let answered = thread::spawn(move || {
        let answered = |n: &u64| {
            let sent = std::io::Write::write_all(&mut client.0, &frame(&ping(n)));
            sent.is_ok() && client.receive() == Some(pong(n))
        };
        (1..).take_while(answered).count()
    });
    thread::sleep(Duration::from_millis(150));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(
        took < Duration::from_secs(2),
        "took {took:?}: the client was served on and on"
    );
    assert!(answered.join().unwrap() > 0);
}

/// The replies to requests that were read wait for the peer until the end of the drain.
pub(super) fn stop_while_a_peer_does_not_read(model: &str) {
    let server = Served::start(model, &["--drain", "300ms"]);
    let mut client = server.client();
    client
        .0
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let request = frame(r#"{"in":"blob","params":1000000}"#);
    let fits = |_: &u32| std::io::Write::write_all(&mut client.0, &request).is_ok();
    // Much more than the buffers of both sockets.
    let _ = (0..200).take_while(fits).count();
    thread::sleep(Duration::from_millis(100));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "took {took:?}");
}

pub(super) fn stop_closes_connections_at_the_end_of_the_drain(model: &str) {
    let server = Served::start(model, &["--drain", "200ms"]);
    let mut client = server.client();
    client.send(&frame(r#"{"in":"sleep","params":30000}"#));
    thread::sleep(Duration::from_millis(100));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "took {took:?}");
    assert_eq!(client.receive(), None);
}

pub(super) fn stop_ends_a_handler_that_computes(model: &str) {
    let server = Served::start(model, &["--drain", "200ms"]);
    let mut client = server.client();
    client.send(&frame(r#"{"in":"spin","params":8000000}"#));
    thread::sleep(Duration::from_millis(100));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "took {took:?}");
}

/// A second signal stops the server at once, even during the drain.
#[test]
fn a_second_signal_stops_the_server_at_once() {
    for model in models() {
        let server = Served::start(model, &["--drain", "60s"]);
        let mut client = server.client();
        client.send(&frame(r#"{"in":"sleep","params":60000}"#));
        thread::sleep(Duration::from_millis(100));
        server.signal(Signal::SIGINT);
        thread::sleep(Duration::from_millis(200));
        let (code, took) = server.stop();
        assert_eq!(code, Some(0), "{model}");
        assert!(took < Duration::from_secs(2), "{model} took {took:?}");
    }
}
