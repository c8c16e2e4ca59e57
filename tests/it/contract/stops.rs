//! What a stop does: with nothing to do, in the middle of a message, and with requests in progress.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Client, Served, frame, models, ping, pong};

pub(super) fn stop_while_idle(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    assert_eq!(client.ask(&ping(1)), pong(1));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(
        took < Duration::from_secs(2),
        "took {took:?} with nothing to do"
    );
    assert!(client.is_closed());
}

pub(super) fn stop_while_mid_frame(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    client.send(&frame(&ping(1))[..6]);
    thread::sleep(Duration::from_millis(50));
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(
        took < Duration::from_secs(2),
        "took {took:?} with an incomplete message"
    );
}

/// Clients that are not yet accepted, or accepted but have sent nothing.
pub(super) fn stop_with_clients_waiting(model: &str) {
    let server = Served::start(
        model,
        &["--workers", "2"][..if is_prefork(model) { 2 } else { 0 }],
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

fn is_prefork(model: &str) -> bool {
    model.starts_with("preforking")
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
