//! The examples: models and a handler outside the crate.

use std::path::PathBuf;
use std::process::Command;

use rpcbench::contract::{self, Report};
use serde_json::Value;

use crate::support::{SHORT, Served, example, frame};

fn path(name: &str) -> PathBuf {
    example(name).get_program().into()
}

fn leaves_nothing_out(report: &Report) {
    assert_eq!(report.left_out().count(), 0, "{report}");
}

#[test]
fn own_model_keeps_the_contract() {
    leaves_nothing_out(&contract::check(path("own_model"), "thread-cache"));
}

#[test]
fn completion_model_keeps_the_contract() {
    leaves_nothing_out(&contract::check(path("completion_model"), "completion"));
}

/// One thread per open connection, not one per connection that ever was.
#[test]
fn own_model_keeps_its_threads() {
    let output = Command::new(path("own_model"))
        .args(["--model", "thread-cache", "--clients", "4"])
        .args(["--requests-per-connection", "1", "--no-save"])
        .args(["--format", "json"])
        .args(SHORT)
        .output()
        .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let trial = &record["cells"][0]["trials"][0];
    let (requests, threads) = (
        trial["requests"].as_u64().unwrap(),
        trial["server"]["threads_peak"].as_u64().unwrap(),
    );
    assert!(requests > 40, "{trial}");
    // A closed connection and the next one of a client overlap at the server.
    assert!(
        threads <= 20,
        "{threads} threads for {requests} connections"
    );
}

/// A client's replies to these requests of the key-value store, on one connection.
fn replies(server: &Served, requests: &[(&str, &str)]) -> Vec<String> {
    let mut client = server.client();
    let ask = |(method, params): &(&str, &str)| {
        let reply = client.ask(&format!(r#"{{"in":"{method}","params":{params}}}"#));
        let reply: Value = serde_json::from_str(&reply).unwrap();
        reply["result"].to_string()
    };
    requests.iter().map(ask).collect()
}

const SET: (&str, &str) = ("set", r#"{"key":"a","value":[1,{"b":2.5}]}"#);
const GET: (&str, &str) = ("get", r#""a""#);

#[test]
fn own_handler_keeps_values_and_names_bad_requests() {
    let server = Served::run(example("own_handler"), "threaded", &[]);
    let asked = [
        GET,
        SET,
        GET,
        ("size", "null"),
        ("delete", r#""a""#),
        ("delete", r#""a""#),
        ("set", r#""a""#),
        ("get", "7"),
        ("drop", "null"),
    ];
    let expected = [
        "null",
        "1",
        r#"[1,{"b":2.5}]"#,
        "1",
        "true",
        "false",
        r#""bad params of set: an object with key and value""#,
        r#""bad params of get: a string""#,
        r#""unknown method \"drop\"""#,
    ];
    assert_eq!(replies(&server, &asked), expected);
}

#[test]
fn own_handler_is_full_at_its_limit() {
    let server = Served::run(example("own_handler"), "async", &[]);
    let mut client = server.client();
    let set = |n: u32| {
        frame(&format!(
            r#"{{"in":"set","params":{{"key":"{n}","value":0}}}}"#
        ))
    };
    for first in (0..10_000).step_by(100) {
        client.send(&(first..first + 100).flat_map(set).collect::<Vec<u8>>());
        (0..100).for_each(|_| drop(client.receive().unwrap()));
    }
    client.send(&set(10_000));
    assert!(client.receive().unwrap().contains("is full"));
    client.send(&set(9_999));
    assert_eq!(client.receive().unwrap(), r#"{"out":"set","result":10000}"#);
}

/// Where a model forks, each process has its own copy of the handler and its values.
#[test]
fn own_handler_has_a_store_per_process() {
    let value = r#"[1,{"b":2.5}]"#;
    for (model, of_another_client) in [
        ("threaded", value),
        ("async-threads", value),
        ("single", value),
        ("forking", "null"),
    ] {
        let server = Served::run(example("own_handler"), model, &[]);
        assert_eq!(replies(&server, &[SET, GET]), ["1", value], "{model}");
        assert_eq!(replies(&server, &[GET]), [of_another_client], "{model}");
    }
}

#[test]
fn own_handler_lists_its_methods() {
    let output = Command::new(path("own_handler"))
        .args(["--model", "single", "--method", "sett"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("did you mean set?"), "{stderr}");
}
