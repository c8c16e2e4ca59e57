//! What cannot be done is said in a line or two, with what to do.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{SHORT, run};

/// One or two lines on stderr that say all of `says`, with this exit code, and nothing on stdout.
#[track_caller]
fn fails(arguments: &[&str], code: i32, says: &[&str]) {
    let output = run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(stderr.trim_end().lines().count() <= 2, "{stderr}");
    for part in says {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
}

#[test]
fn what_was_asked_wrongly_is_said_in_two_lines() {
    fails(
        &["--payload", "1MiB"],
        2,
        &["a request of 1048601 bytes is over --max-frame 1MiB"],
    );
    fails(
        &["--model", "quick"],
        2,
        &["unknown model \"quick\"", "preforking-async"],
    );
    fails(
        &["serve", "--model", "quick"],
        2,
        &["unknown model \"quick\""],
    );
    fails(
        &["--model", "preforking", "--accept", "exclusive"],
        2,
        &["--accept exclusive", "shared or reuseport"],
    );
    fails(
        &["--model", "preforking", "--workers", "5000"],
        2,
        &["5000 workers are too many: at most 4096"],
    );
    fails(
        &["--format", "xml"],
        2,
        &["unknown format \"xml\"", "text, json, csv, markdown"],
    );
    fails(&["--params", "{"], 2, &["--params { is not JSON"]);
    fails(
        &["--target", "nowhere"],
        2,
        &["--target nowhere: HOST:PORT, such as"],
    );
}

#[test]
fn a_wrong_flag_is_said_as_shortly() {
    fails(
        &["--modle", "async"],
        2,
        &["unexpected argument '--modle'", "'--model'"],
    );
    fails(
        &["--clients", "0"],
        2,
        &["'0' for '--clients", "a whole number from 1 to 10000000"],
    );
    fails(
        &["--clients", "abc"],
        2,
        &["a whole number from 1 to 10000000"],
    );
    fails(
        &["--duration", "5 parsecs"],
        2,
        &["a duration such as 500ms, 5s or 2m"],
    );
    fails(&["--duration", "0s"], 2, &["over 0 and at most 1h"]);
    fails(&["serve"], 2, &["--model"]);
    fails(
        &["serve", "--model", "async", "--listen", "8000"],
        2,
        &["HOST:PORT, such as 127.0.0.1:8000"],
    );
    fails(
        &["--model", "single,async", "--workers", "3"],
        2,
        &["--workers is for models of several workers"],
    );
    fails(
        &["serve", "--model", "threaded", "--accept", "shared"],
        2,
        &["--accept is for models of several"],
    );
    fails(&["--plan", "--format", "json"], 2, &["--plan", "--format"]);
}

#[test]
fn what_the_server_has_against_a_request_is_shown() {
    let output = run(&[
        &[
            "--model",
            "async",
            "--method",
            "nope",
            "--clients",
            "4",
            "--no-save",
        ][..],
        &SHORT,
    ]
    .concat());
    let text = String::from_utf8(output.stdout)
        .unwrap()
        .replace("\n    ", " ");
    assert!(
        text.contains("0 of 4 clients served") && text.contains("unknown method"),
        "{text}"
    );
    assert!(!text.contains("starved"), "{text}");
}

#[test]
fn what_cannot_be_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for model in ["single", "preforking-async"] {
        let says = [
            &*format!("cannot listen on {address}"),
            "another process has this port",
        ];
        fails(&["serve", "--model", model, "--listen", &address], 1, &says);
    }
    drop(taken);
    fails(
        &["--target", &address, "--no-save"],
        1,
        &[
            "cannot connect to",
            &address,
            "refused",
            "start the server first",
        ],
    );
    let nowhere = ["--model", "single", "--save", "/proc/nowhere/record.json"];
    fails(
        &nowhere,
        1,
        &["cannot write /proc/nowhere/record.json", "--no-save"],
    );
}

#[test]
fn what_would_do_nothing_or_could_not_be_is_refused() {
    let most = u64::MAX.to_string();
    for (arguments, says) in [
        (&["--arrivals", "constant"][..], "--rate"),
        (&["--assign", "free"], "--rate"),
        (
            &["--method", "sleep", "--payload", "100"],
            "--payload is for ping",
        ),
        (
            &["--method", "sleep"],
            "--method sleep needs --params: milliseconds",
        ),
        (&["--payload", "5"], "at least 16 bytes"),
        (
            &["--target", "127.0.0.1:1", "--workers", "3"],
            "--workers is for models",
        ),
        (
            &["--target", "127.0.0.1:1", "--server-cpus", "0"],
            "--server-cpus is for servers that are started here",
        ),
        (
            &["--exec", "true {port}", "--backlog", "3"],
            "--backlog is for models",
        ),
        (&["--idle", &most], "a whole number from 1 to 10000000"),
        (&["--pipeline", &most], "a whole number from 1 to 10000"),
    ] {
        fails(arguments, 2, &[says]);
    }
}

#[test]
fn too_few_descriptors_are_said_before_anything_runs() {
    let program = env!("CARGO_BIN_EXE_rpcbench");
    let limited = |soft: u32, hard: u32, clients: &str| {
        let script = format!(
            "ulimit -Sn {soft}; ulimit -Hn {hard}; exec {program} --model async --clients {clients} --no-save {}",
            SHORT.join(" ")
        );
        Command::new("sh").args(["-c", &script]).output().unwrap()
    };
    let output = limited(100, 100, "200");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("200 connections need 264 file descriptors")
            && stderr.contains("at most 36, --clients and --idle together"),
        "{stderr}"
    );
    let output = limited(100, 1000, "200");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "the soft limit is raised to the hard one: {stderr}"
    );
}

#[test]
fn a_command_that_does_not_serve_is_an_error() {
    fails(
        &["--exec", "python3 server.py"],
        2,
        &["must be a command that holds {port}"],
    );
    fails(
        &["--exec", "/nowhere/server {port}", "--no-save"],
        1,
        &[
            "cannot start the server of /nowhere/server {port}",
            "No such file",
        ],
    );
    let says = [
        "the server of sh -c",
        "ended with exit code 7 before it was ready",
        "it said: no luck",
    ];
    fails(
        &[
            "--exec",
            "sh -c 'echo no luck >&2; exit 7' {port}",
            "--no-save",
        ],
        1,
        &says,
    );
}
