//! Models that serve many connections in one loop: no connection delays or wakes another.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Served, can_run, frame, ping, pong};

/// Other clients are served between the requests of a client that sends many.
#[test]
fn a_client_that_computes_does_not_starve_others() {
    for (model, options) in [
        ("async", &[][..]),
        ("preforking-async", &["--workers", "1"]),
        ("async-threads", &["--workers", "1"]),
        ("async-pool", &["--workers", "1"]),
        ("tokio", &["--workers", "1"]),
        ("uring", &[]),
    ] {
        if !can_run(model) {
            continue;
        }
        let server = Served::start(model, options);
        let mut greedy = server.client();
        let spin = frame(r#"{"in":"spin","params":20000}"#);
        greedy.send(&spin.repeat(100));
        thread::sleep(Duration::from_millis(50));
        let begun = Instant::now();
        assert_eq!(server.client().ask(&ping(1)), pong(1));
        assert!(
            begun.elapsed() < Duration::from_millis(1000),
            "{model}: {:?} of 2 s",
            begun.elapsed()
        );
    }
}

/// The timer of a closed connection does not wake the next connection with the same slot.
#[test]
fn a_sleep_is_not_ended_by_the_timer_of_a_closed_connection() {
    for model in ["async", "async-pool", "uring"] {
        if can_run(model) {
            sleeps_after_closed_connections(model);
        }
    }
}

fn sleeps_after_closed_connections(model: &str) {
    let server = Served::start(model, &[]);
    for blobs in 1..12 {
        let mut client = server.client();
        let blob = frame(r#"{"in":"blob","params":600000}"#);
        client.send(&[blob.repeat(blobs), frame(r#"{"in":"sleep","params":300}"#)].concat());
        thread::sleep(Duration::from_millis(10));
        // Because of the unread replies, this close sends a reset.
        drop(client);
    }
    let begun = Instant::now();
    let mut clients: Vec<Client> = (0..12).map(|_| server.client()).collect();
    clients
        .iter_mut()
        .for_each(|client| client.send(&frame(r#"{"in":"sleep","params":600}"#)));
    for client in &mut clients {
        client.receive().expect("a reply");
        assert!(
            begun.elapsed() >= Duration::from_millis(600),
            "{model}: after {:?}",
            begun.elapsed()
        );
    }
}

/// A pool of one thread takes 64 connections at a time; the others wait and are served later.
#[test]
fn more_connections_than_the_pool_takes_are_served_in_turn() {
    let server = Served::start("async-pool", &["--workers", "1"]);
    let mut clients: Vec<Client> = (0..200).map(|_| server.client()).collect();
    let spin = frame(r#"{"in":"spin","params":1000}"#);
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(&[&spin[..], &frame(&ping(n))].concat());
    }
    for (n, client) in clients.iter_mut().enumerate() {
        let spun = client.receive();
        assert_eq!(spun.as_deref(), Some(r#"{"out":"spin","result":1000}"#));
        assert_eq!(client.receive(), Some(pong(n)));
    }
}

/// The loop reads and answers while all threads of the pool compute.
#[test]
fn a_pool_that_computes_does_not_stop_its_loop() {
    let server = Served::start("async-pool", &["--workers", "1", "--idle-timeout", "300ms"]);
    let mut busy = server.client();
    let mut silent = server.client();
    let begun = Instant::now();
    busy.send(&frame(r#"{"in":"spin","params":1500000}"#));
    // The loop closes this one while the only thread computes.
    assert!(silent.is_closed());
    assert!(
        begun.elapsed() < Duration::from_millis(1400),
        "after {:?}",
        begun.elapsed()
    );
    assert!(busy.receive().is_some(), "its handler is no silence");
}
