//! The reports' line about a load: what is unusual about it is named.

use rpcbench::record::{AlternateInfo, LoadInfo, RateChangeInfo, SkewInfo};

use crate::support::{cell, record, text, trial};

/// The line, however it was wrapped, of the usual load changed in this way.
fn line(change: impl FnOnce(&mut LoadInfo)) -> String {
    let mut cell = cell("async", vec![trial(0, 1000.0, 10.0)]);
    change(&mut cell.load);
    let text = text(&record(vec![cell]));
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let end = line.find("of warm-up").expect("the line ends so");
    line[..end].to_owned()
}

#[track_caller]
fn says(change: impl FnOnce(&mut LoadInfo), words: &str) {
    let (usual, line) = (line(|_| ()), line(change));
    assert!(line.contains(words), "{line}");
    assert!(!usual.contains(words), "{usual}");
}

#[test]
fn the_other_message_is_named() {
    let beside = AlternateInfo {
        method: "spin".to_owned(),
        params: Some("5000".to_owned()),
        payload_bytes: 4,
        one_in: 100,
    };
    says(
        |load| load.beside = Some(beside),
        "ping of 45 B, 1 in 100 spin 5000 of 4 B, ",
    );
}

#[test]
fn uneven_clients_are_named() {
    let skew = |requests_share, clients_share| SkewInfo {
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
        says(|load| load.skew = Some(skew), words);
    }
}

#[test]
fn a_common_leave_is_named() {
    says(
        |load| load.reconnect_every_s = Some(0.25),
        "reconnecting every 250 ms, ",
    );
}

#[test]
fn a_rate_that_falls_is_named() {
    let then = RateChangeInfo {
        after_s: 2.0,
        rate_rps: 2000.0,
    };
    says(|load| load.then = Some(then), "then 2,000/s after 2 s, ");
}
