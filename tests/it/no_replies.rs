//! Where no client was served, the first line says why, and the exit code is 1.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use rpcbench::internal::load::{FailureCauses, Recorder};
use rpcbench::internal::measure::no_replies::cause;
use rpcbench::record::{NoReplyCause, Validity, ValidityFinding};
use serde_json::{Value, json};

use crate::support::{Load, MS, SHORT, World, load, play, pong_to, run};

/// What two clients see of a server under a fake clock.
fn seen(world: &Rc<RefCell<World>>, load: &Load) -> Recorder {
    let (recorder, _) = play(load, world);
    assert_eq!(recorder.requests, 0);
    recorder
}

/// A server that sends these bytes after 1 ms and then closes.
fn sending(bytes: &'static [u8]) -> Rc<RefCell<World>> {
    World::new(2, move |_, _, _| match bytes {
        [] => vec![(MS, vec![])],
        bytes => vec![(MS, bytes.to_vec()), (2 * MS, vec![])],
    })
}

#[test]
fn closed_and_reset_connections_are_distinguished() {
    let recorder = seen(&sending(b""), &load(2));
    assert_eq!(cause(&recorder), NoReplyCause::Closed);
    let causes = &recorder.causes;
    // The record still counts both as one kind, from the start of the window on.
    assert!(causes.closed >= recorder.errors.reset && recorder.errors.reset > 0);
    assert_eq!((causes.reset, causes.timeouts, causes.correct), (0, 0, 0));

    let world = sending(b"");
    world.borrow_mut().reset = true;
    let recorder = seen(&world, &load(2));
    assert_eq!(cause(&recorder), NoReplyCause::Reset);
    assert_eq!(recorder.causes.closed, 0);
    assert!(recorder.causes.reset > 0 && recorder.errors.reset > 0);
}

#[test]
fn bytes_that_are_no_message_are_kept_up_to_a_bound() {
    let shown = |bytes| match cause(&seen(&sending(bytes), &load(2))) {
        NoReplyCause::NotAMessage { first_bytes } => first_bytes,
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(b"HTTP/1.1 400\r\n"), "HTTP/1.1 400\\r\\n");
    assert_eq!(shown(b"ok"), "ok", "too short for a length");
    assert_eq!(shown(&[0xff; 40]), "\\xff".repeat(40));
    assert_eq!(shown(&[b'a'; 41]), "a".repeat(40) + "…");
}

#[test]
fn error_replies_are_shown() {
    const REPLY: &[u8] = b"\x1a\0\0\0{\"out\":\"error\",\"result\":1}";
    let expected = NoReplyCause::WrongReplies {
        first_reply: r#"{"out":"error","result":1}"#.to_owned(),
    };
    assert_eq!(cause(&seen(&sending(REPLY), &load(2))), expected);
}

#[test]
fn a_reply_that_does_not_come_in_time_is_late() {
    let mute = || World::new(2, |_, _, _| vec![]);
    let recorder = seen(&mute(), &load(2));
    assert_eq!(cause(&recorder), NoReplyCause::Late);
    assert_eq!(recorder.causes, FailureCauses::default());
    let short_timeout = Load {
        timeout_ns: 200 * MS,
        ..load(2)
    };
    let recorder = seen(&mute(), &short_timeout);
    assert_eq!(cause(&recorder), NoReplyCause::Late);
    assert!(recorder.causes.timeouts > 0);
    // Sent at 1 ms; the reply comes in the drain.
    let world = World::new(2, |_, request, _| vec![(1500 * MS, pong_to(request))]);
    assert_eq!(cause(&seen(&world, &load(2))), NoReplyCause::Late);
}

#[test]
fn connects_that_fail_are_the_cause() {
    let world = sending(b"");
    world.borrow_mut().refuse = true;
    assert_eq!(cause(&seen(&world, &load(2))), NoReplyCause::ConnectRefused);
    let world = sending(b"");
    world.borrow_mut().connect_ns = 10_000 * MS;
    let pending = seen(&world, &load(2));
    assert_eq!(cause(&pending), NoReplyCause::ConnectTimedOut);
    let short_timeout = Load {
        connect_timeout_ns: 200 * MS,
        ..load(2)
    };
    world.borrow_mut().now_ns = 0;
    let world = sending(b"");
    world.borrow_mut().connect_ns = 10_000 * MS;
    let timed_out = seen(&world, &short_timeout);
    assert_eq!(cause(&timed_out), NoReplyCause::ConnectTimedOut);
    assert!(timed_out.causes.connects_timed_out > 0);
}

#[test]
fn a_server_that_stopped_after_the_warm_up_is_distinguished() {
    let world = World::new(2, |_, request, now| match now < 90 * MS {
        true => vec![(MS, pong_to(request))],
        false => vec![(MS, vec![])],
    });
    assert_eq!(cause(&seen(&world, &load(2))), NoReplyCause::Stopped);
}

#[test]
fn a_record_from_before_the_causes_reads() {
    let old: Validity = serde_json::from_value(json!({
        "verdict": "invalid",
        "findings": [{"code": "no-replies", "values": {}}],
        "reasons": ["no correct reply arrived"],
    }))
    .unwrap();
    let unknown = ValidityFinding::NoReplies {
        cause: NoReplyCause::Unknown,
    };
    assert_eq!(old.findings, [unknown]);
}

/// A server in Python: `how` handles one connection `c`.
fn command(folder: &Path, how: &str) -> String {
    let path = folder.join("server.py");
    let text = format!(
        "import socket, sys, threading
s = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=100)
kept = []
def serve(c):
    {how}
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"
    );
    fs::write(&path, text).unwrap();
    format!("python3 {} {{port}}", path.display())
}

/// The exit code and the text, each paragraph on one line.
fn outcome(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&[arguments, &SHORT, &["--clients", "2", "--no-save"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.replace("\n  ", " "))
}

#[test]
fn the_first_line_says_why_no_client_was_served() {
    let folder = tempfile::tempdir().unwrap();
    let protocol = "each connection without a reply: does it speak this protocol";
    for (how, expected) in [
        ("c.recv(999); c.close()", protocol),
        // Bytes that the server has not read make a reset of the close.
        ("c.close()", protocol),
        (
            "kept.append(c)",
            "no reply came in time: does the server speak this protocol",
        ),
        (
            r"c.recv(999); c.sendall(b'HTTP/1.1 400 Bad Request\r\n'); c.close()",
            "bytes that are no message of this protocol: \"HTTP/1.1 400 Bad Request\\r\\n\"",
        ),
    ] {
        let command = command(folder.path(), how);
        let (code, text) = outcome(&["--exec", &command]);
        let first = text.lines().next().unwrap();
        assert!(
            first.starts_with("Invalid: no client was served: "),
            "{text}"
        );
        assert!(first.contains(expected), "{how}: {text}");
        assert_eq!(code, Some(1), "{how}: {text}");
        let (code, _) = outcome(&["--exec", &command, "--strict"]);
        assert_eq!(code, Some(5), "{how}");
    }
}

/// It waits for the end of a line, which a request of 2,600 bytes has in its length.
#[test]
fn a_web_server_is_recognised_by_its_answer() {
    let command = "python3 -m http.server {port} --bind 127.0.0.1";
    let (code, text) = outcome(&["--exec", command]);
    let first = text.lines().next().unwrap();
    assert!(first.contains("no reply came in time"), "{text}");
    assert_eq!(code, Some(1));
    let (code, text) = outcome(&["--exec", command, "--payload", "2600"]);
    let first = text.lines().next().unwrap();
    assert!(
        first.contains("no message of this protocol: \"<!DOCTYPE"),
        "{text}"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn only_a_run_without_any_reply_fails() {
    let folder = tempfile::tempdir().unwrap();
    let command = command(folder.path(), "c.recv(999); c.close()");
    let (code, text) = outcome(&["--exec", &command, "--model", "async"]);
    assert_eq!(code, Some(0), "{text}");
    let sentence = "served 0 of 2 clients (the server closed each connection without a reply";
    assert!(text.contains(sentence), "{text}");
    let (code, text) = outcome(&["--model", "async", "--method", "sleep", "--params", "60000"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no reply came in time"), "{text}");
}

#[test]
fn the_record_has_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let command = command(
        folder.path(),
        "c.recv(999); c.sendall(b'not a frame'); c.close()",
    );
    let arguments = ["--exec", &*command, "--no-save", "--format", "json"];
    let output = run(&[&arguments[..], &SHORT].concat());
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &record["cells"][0]["trials"][0]["validity"]["findings"][0];
    let expected = json!({"kind": "not-a-message", "first_bytes": "not a frame"});
    assert_eq!(finding["code"], "no-replies");
    assert_eq!(finding["values"]["cause"], expected);
}
