//! Errors have one or two lines and state what to do.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use socket2::{Domain, Socket, Type};

use crate::support::{SHORT, Served, run};

/// Checks that the program prints nothing on stdout, one or two lines with every part of `expected`
/// on stderr, and ends with this exit code.
#[track_caller]
fn fails(arguments: &[&str], code: i32, expected: &[&str]) {
    let output = run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(stderr.trim_end().lines().count() <= 2, "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
}

#[test]
fn wrong_values_are_refused_with_the_valid_ones() {
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
        &["--target nowhere: must be HOST:PORT, such as"],
    );
}

#[test]
fn errors_of_the_argument_parser_are_short() {
    fails(&["--modle", "async"], 2, &["no option --modle", "--model?"]);
    fails(
        &["--clients", "0"],
        2,
        &["--clients 0: must be a whole number from 1 to 10000000"],
    );
    fails(
        &["--clients", "abc"],
        2,
        &["a whole number from 1 to 10000000"],
    );
    fails(
        &["--duration", "5 parsecs"],
        2,
        &["must be a duration such as 500ms, 5s or 2m"],
    );
    fails(&["--duration", "0s"], 2, &["must be over 0 and at most 1h"]);
    fails(&["serve"], 2, &["--model"]);
    fails(
        &["serve", "--model", "async", "--listen", "8000"],
        2,
        &["HOST:PORT, such as 127.0.0.1:8000"],
    );
    fails(
        &["--model", "single,async", "--workers", "3"],
        2,
        &["--workers is for models with several workers"],
    );
    fails(
        &["serve", "--model", "threaded", "--accept", "shared"],
        2,
        &["--accept is for models with several"],
    );
    fails(
        &["--model", "single,forking", "--busy-poll", "50us"],
        2,
        &["--busy-poll is for models with an event loop"],
    );
    fails(
        &["--model", "async", "--busy-poll", "50"],
        2,
        &["--busy-poll 50: must be at most 1s, such as 50us"],
    );
    fails(&["--plan", "--format", "json"], 2, &["--plan", "--format"]);
}

/// A method is known for servers of this program only.
#[test]
fn an_unknown_method_is_refused_before_anything_is_measured() {
    let unknown = [
        "unknown method \"pnig\": choose one of ping, spin, sleep, pi, blob, work",
        "did you mean ping?",
    ];
    let model = ["--model", "async", "--method", "pnig"];
    fails(&model, 2, &unknown);
    fails(&["--method", "pnig"], 2, &unknown);
    fails(&[&["calibrate"], &model[..]].concat(), 2, &unknown);
    let program = env!("CARGO_BIN_EXE_rpcbench");
    let check = ["check", "--baseline", program];
    fails(&[&check, &model[..]].concat(), 2, &unknown);
    let folder = tempfile::tempdir().unwrap();
    for (name, request) in [
        ("usual", "method = \"pnig\"\nparams = 1\n"),
        (
            "alternate",
            "[alternate]\none_in = 10\nmethod = \"pnig\"\nparams = 1\n",
        ),
    ] {
        let path = folder.path().join(format!("{name}.toml"));
        let text = format!("about = \"a\"\nreads = \"b\"\nclients = [4]\n{request}");
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        let scenario = format!("scenario {name}");
        let expected = [&[&*scenario], &unknown[..]].concat();
        fails(&["--scenario", path, "--model", "async"], 2, &expected);
    }
}

#[test]
fn an_error_reply_of_the_server_is_shown() {
    let server = Served::start("async", &[]);
    let target = server.address.to_string();
    let load = ["--method", "nope", "--clients", "4", "--no-save"];
    let output = run(&[&["--target", &target], &load[..], &SHORT].concat());
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
fn failures_are_reported_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for model in ["single", "preforking-async"] {
        let expected = [
            &*format!("cannot listen on {address}"),
            "another process has this port",
        ];
        fails(
            &["serve", "--model", model, "--listen", &address],
            1,
            &expected,
        );
    }
    drop(taken);
    // Bound, so that no server of another test gets the port, but not listening.
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    bound.bind(&any_port.into()).unwrap();
    let address = bound.local_addr().unwrap().as_socket().unwrap().to_string();
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
fn options_without_effect_and_impossible_values_are_refused() {
    let too_large = u64::MAX.to_string();
    for (arguments, expected) in [
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
            &["--resume", "a.json", "-c", "5"],
            "--clients cannot be used with --resume",
        ),
        (&["--slo", "p99<10m"], "m is minutes"),
        (&["--slo", "p99<10ms,p50<1ms"], "one target"),
        (&["--target", "http://localhost:80"], "without a scheme"),
        (&["-n", "", "--exec", "x {port}"], "must not be empty"),
        (
            &["--target", "127.0.0.1:1", "--workers", "3"],
            "--workers is for models",
        ),
        (
            &["--target", "127.0.0.1:1", "--server-cpus", "0"],
            "--server-cpus is for servers that rpcbench starts",
        ),
        (
            &["--exec", "true {port}", "--backlog", "3"],
            "--backlog is for models",
        ),
        (&["--idle", &too_large], "a whole number from 1 to 10000000"),
        (
            &["--pipeline", &too_large],
            "a whole number from 1 to 10000",
        ),
    ] {
        fails(arguments, 2, &[expected]);
    }
}

#[test]
fn too_few_descriptors_are_reported_before_the_measurement() {
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
            && stderr.contains("at most 36 connections (--clients plus --idle)"),
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
        &["must be a command that contains {port}"],
    );
    fails(
        &["--exec", "/nowhere/server {port}", "--no-save"],
        1,
        &[
            "cannot start the server of /nowhere/server {port}",
            "No such file",
        ],
    );
    let expected = [
        "the server of sh -c",
        "ended with exit code 7 before it was ready",
        "last line on stderr: no luck",
    ];
    fails(
        &[
            "--exec",
            "sh -c 'echo no luck >&2; exit 7' {port}",
            "--no-save",
        ],
        1,
        &expected,
    );
}
