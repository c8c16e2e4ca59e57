//! Peers that are slow or silent, and the limits that close them.

use std::thread;
use std::time::{Duration, Instant};

use super::is_serial;
use crate::support::{Served, eventually, frame, ping, pong};

pub(super) fn a_slow_reader_is_disconnected_and_does_not_delay_others(model: &str) {
    let server = Served::start(model, &["--idle-timeout", "1s"]);
    let mut greedy = server.client();
    greedy
        .0
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // Requests 200 MB of replies and reads none of them.
    let request = frame(r#"{"in":"blob","params":1000000}"#);
    for _ in 0..200 {
        if std::io::Write::write_all(&mut greedy.0, &request).is_err() {
            break;
        }
    }
    let begun = Instant::now();
    if !is_serial(model) {
        assert_eq!(server.client().ask(&ping(1)), pong(1));
        assert!(
            begun.elapsed() < Duration::from_millis(900),
            "other clients had to wait"
        );
    }
    let memory = server
        .processes()
        .iter()
        .filter_map(|process| rss_kib(process.pid))
        .max()
        .unwrap();
    assert!(
        memory < 64 << 10,
        "{memory} KiB: unread replies accumulate in memory"
    );
    // The slow reader is disconnected in the end, so a serial model can serve again.
    assert_eq!(server.client().ask(&ping(2)), pong(2));
    eventually("the slow reader is disconnected", || {
        greedy.0.peer_addr().is_err() || greedy.0.take_error().unwrap().is_some()
    });
}

fn rss_kib(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

pub(super) fn an_idle_peer_is_closed(model: &str) {
    let server = Served::start(model, &["--idle-timeout", "300ms"]);
    let mut client = server.client();
    assert_eq!(client.ask(&ping(1)), pong(1));
    let begun = Instant::now();
    assert!(client.is_closed());
    assert!(
        begun.elapsed() > Duration::from_millis(200),
        "closed too early"
    );
}

pub(super) fn a_dribbling_peer_is_closed(model: &str) {
    let server = Served::start(model, &["--idle-timeout", "500ms"]);
    let mut client = server.client();
    client
        .0
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let begun = Instant::now();
    // Single bytes are no progress: the whole message must arrive within the timeout.
    let closed = frame(&ping("\"a long enough message\""))
        .iter()
        .any(|byte| {
            let sent = std::io::Write::write_all(&mut client.0, &[*byte]);
            sent.is_err() || client.is_closed()
        });
    assert!(closed, "still open after {:?}", begun.elapsed());
}

pub(super) fn the_timeout_of_a_message_starts_at_its_first_byte(model: &str) {
    let server = Served::start(model, &["--idle-timeout", "800ms"]);
    let mut client = server.client();
    thread::sleep(Duration::from_millis(600));
    let request = frame(&ping(1));
    client.send(&request[..9]);
    thread::sleep(Duration::from_millis(450));
    client.send(&request[9..]);
    assert_eq!(client.receive(), Some(pong(1)));
}
