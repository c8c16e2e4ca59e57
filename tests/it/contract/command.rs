//! The contract of servers in other languages, and what it reports where it is violated.

use std::net::TcpListener;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rpcbench::contract::{self, CaseResult, Contract};

use super::PROGRAM;
use crate::support::{
    Client, SHORT, assert_gone, descendants, eventually, has_python, measured, ping,
};

/// The contract of a server of `examples/python`: what holds, without what needs a model.
fn python(server: &str) -> Contract {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python");
    Contract::of_command(PROGRAM, &format!("python3 {folder}/{server} {{port}}"))
}

/// Left out is only what needs a model, or several connections per worker.
fn holds(contract: &Contract, is_serial: bool) {
    if !has_python() {
        return;
    }
    let report = contract.check();
    for (case, reason) in report.left_out() {
        let is_serial_reason = reason.contains("one connection at a time");
        assert!(
            reason.contains("known of models only") || is_serial && is_serial_reason,
            "{case}: {reason}"
        );
    }
}

#[test]
fn python_threads() {
    holds(&python("threaded.py"), false);
}

#[test]
fn python_processes() {
    holds(&python("preforking.py").serial(), true);
}

#[test]
fn python_asyncio() {
    holds(&python("asyncio_server.py"), false);
}

/// A worker that died is reaped and replaced, and the others serve meanwhile.
#[test]
fn python_processes_are_replaced() {
    if !has_python() {
        return;
    }
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python/preforking.py");
    let mut server = Command::new("python3")
        .args([server, &address.port().to_string()])
        .spawn()
        .unwrap();
    let root = server.id() as i32;
    let workers = || descendants(root);
    eventually("ten workers run", || workers().len() == 10);
    let killed = workers()[3].pid;
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    eventually("the worker is reaped and replaced", || {
        let now = workers();
        let is_gone = now.iter().all(|worker| worker.pid != killed);
        is_gone && now.len() == 10 && now.iter().all(|worker| worker.state != 'Z')
    });
    let mut clients: Vec<Client> = (0..10).map(|_| Client::to(address)).collect();
    for client in &mut clients {
        assert!(client.ask(&ping(1)).contains("pong"));
    }
    let processes = workers();
    kill(Pid::from_raw(root), Signal::SIGTERM).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert_gone(&processes);
}

/// They are measured like any other command.
#[test]
fn the_servers_in_python_are_measured() {
    if !has_python() {
        return;
    }
    for server in ["threaded.py", "preforking.py", "asyncio_server.py"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python");
        let command = format!("python3 {folder}/{server} {{port}}");
        let load = ["--exec", &command, "--clients", "4"];
        let record = measured(&[&load[..], &SHORT].concat());
        let trial = &record["cells"][0]["trials"][0];
        assert_eq!(trial["clients_served"], 4, "{server}: {trial}");
        assert_eq!(trial["errors"]["reply"], 0, "{server}");
    }
}

/// A server that echoes well-formed requests and knows nothing else of the protocol.
const PLAIN: &str = concat!(
    "python3 ",
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/plain_server.py {port}"
);

#[test]
fn every_violated_case_is_reported_with_what_was_expected_and_seen() {
    if !has_python() {
        return;
    }
    let report = Contract::of_command(PROGRAM, PLAIN).run().unwrap();
    let result = |name: &str| {
        let found = report.cases.iter().find(|found| found.case.name() == name);
        &found.unwrap().result
    };
    for held in [
        "split_frames",
        "a_thousand_pipelined",
        "half_close",
        "stop_while_idle",
    ] {
        assert_eq!(*result(held), CaseResult::Holds, "{held}");
    }
    let violated: Vec<&str> = report.violated().map(|(name, _)| name).collect();
    assert_eq!(
        violated,
        [
            "an_oversize_frame_is_refused",
            "methods",
            "bad_requests_leave_the_connection_open"
        ],
        "{report}"
    );
    let text = report.to_string();
    for part in [
        "violated: bad_requests_leave_the_connection_open",
        "expected: an error reply",
        "seen:     the connection was closed",
        "left out: stop_while_busy: the server has no method sleep",
        "left out: an_idle_peer_is_closed: its limits and counters",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The sleep ignores the SIGTERM that ends the server.
#[test]
fn a_process_that_a_server_leaves_is_a_violation() {
    if !has_python() {
        return;
    }
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/plain_server.py");
    let script = format!(r#"(trap "" TERM; exec sleep 30) & exec python3 {plain} "$0""#);
    let command = format!("sh -c '{script}' {{port}}");
    let contract = Contract::of_command(PROGRAM, &command).only(&["stop_while_idle"]);
    let report = contract.run().unwrap();
    let (_, violation) = report.violated().next().expect("a violation");
    assert!(violation.seen.starts_with("1 still ran"), "{violation}");
}

#[test]
#[should_panic(expected = "violated: bad_requests_leave_the_connection_open")]
fn a_check_panics_with_the_violated_cases() {
    // Without Python the command does not start, which is another panic.
    if !has_python() {
        panic!("violated: bad_requests_leave_the_connection_open was not looked at");
    }
    contract::check_command(PROGRAM, PLAIN);
}
