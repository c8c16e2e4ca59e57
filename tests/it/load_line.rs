//! The line of a report that describes the load: non-default settings are named.

use std::time::Duration;

use rpcbench::record::{Alternate, LoadSpec, RateChange, Skew};

use crate::support::{cell, record, text, trial};

/// The line for the default load with this change, without line breaks.
fn line(change: impl FnOnce(&mut LoadSpec)) -> String {
    let mut cell = cell("async", vec![trial(0, 1000.0, 10.0)]);
    change(&mut cell.load);
    let text = text(&record(vec![cell]));
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let end = line.find("of warm-up").expect("the line names the warm-up");
    line[..end].to_owned()
}

#[track_caller]
fn assert_named(change: impl FnOnce(&mut LoadSpec), words: &str) {
    let (default, line) = (line(|_| ()), line(change));
    assert!(line.contains(words), "{line}");
    assert!(!default.contains(words), "{default}");
}

#[test]
fn the_alternate_message_is_named() {
    let alternate = Alternate {
        method: "spin".to_owned(),
        params: Some("5000".to_owned()),
        payload_bytes: 4,
        one_in: 100,
    };
    assert_named(
        |load| load.alternate = Some(alternate),
        "ping of 45 B, 1 in 100 spin 5000 of 4 B, ",
    );
}

#[test]
fn a_handler_is_named_by_its_profile() {
    let work = |params: &str| {
        let params = params.to_owned();
        move |load: &mut LoadSpec| {
            load.method = "work".to_owned();
            load.params = Some(params);
        }
    };
    assert_named(
        work(r#"{"cpu_us":200,"wait_ms":5,"reply_bytes":1024}"#),
        "closed loop, handler: 200 µs CPU, 5 ms wait, 1 KiB reply, 1 s ",
    );
    assert_named(work(r#"{"wait_ms":1.5}"#), "handler: 1.5 ms wait, 1 s ");
    assert_named(work("{}"), "handler: no work, 1 s ");
    let alternate = Alternate {
        method: "work".to_owned(),
        params: Some(r#"{"cpu_us":5000}"#.to_owned()),
        payload_bytes: 15,
        one_in: 100,
    };
    assert_named(
        |load| load.alternate = Some(alternate),
        "ping of 45 B, 1 in 100 handler: 5 ms CPU, ",
    );
}

#[test]
fn a_skewed_load_is_named() {
    let skew = |requests_share, clients_share| Skew {
        requests_share,
        clients_share,
    };
    for (skew, words) in [
        (skew(0.9, 0.1), "9/10 of requests by 1/10 of clients, "),
        (
            skew(0.95, 0.005),
            "95/100 of requests by 5/1000 of clients, ",
        ),
        (
            skew(0.5, 1.0 / 64.0),
            "5/10 of requests by 0.0156 of clients, ",
        ),
    ] {
        assert_named(|load| load.skew = Some(skew), words);
    }
}

#[test]
fn simultaneous_reconnects_are_named() {
    assert_named(
        |load| load.reconnect_every = Some(Duration::from_millis(250)),
        "reconnecting every 250 ms, ",
    );
}

#[test]
fn a_rate_change_is_named() {
    let then = RateChange {
        after: Duration::from_secs(2),
        rate_rps: 2000.0,
    };
    assert_named(|load| load.then = Some(then), "then 2,000/s after 2 s, ");
}
