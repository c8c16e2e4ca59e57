//! What a run says about its time, on stderr and in a plan.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{SHORT, rpcbench, run};

#[test]
fn a_long_run_first_says_how_long_it_takes() {
    let cases: [(&[&str], &str); 3] = [
        (
            &["--duration", "50s", "--trials", "3", "--no-save"],
            "rpcbench: measures 3 trials, about 3 min; Ctrl-C ends it and keeps what was measured",
        ),
        (
            &["--slo", "p99<9ms", "--duration", "20s", "--no-save"],
            "rpcbench: searches for the highest rate in about 21 trials, about 7 min;",
        ),
        (
            &["--clients", "1", "--rate", "1", "--duration", "2m"],
            "rpcbench: measures 1 trial, about 2 min;",
        ),
    ];
    for (arguments, expected) in cases {
        let mut child = rpcbench()
            .args(["--model", "async"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        child.wait().unwrap();
        assert!(line.starts_with(expected), "{line}");
        let rest = std::io::read_to_string(stderr).unwrap();
        assert!(!rest.contains(['\r', '\x1b']), "{rest}");
    }
}

#[test]
fn a_short_run_and_a_plan_say_nothing() {
    let short = ["--model", "async", "--no-save"];
    let plan = ["--model", "async", "--duration", "1h", "--plan"];
    for arguments in [&[&short[..], &SHORT].concat()[..], &plan] {
        let stderr = String::from_utf8(run(arguments).stderr).unwrap();
        assert_eq!(stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_plan_contains_pilots_and_the_drain_of_unserved_clients() {
    let planned = |arguments: &[&str]| {
        let output = run(&[arguments, &["--seed", "1", "--plan"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    let times = ["--clients", "2", "--warmup", "1s", "--duration", "98900ms"];
    let of = |model| planned(&[&["--model", model][..], &times].concat());
    assert_eq!(of("async"), "1 trial in about 100 s, seed 1:");
    assert_eq!(of("single"), "1 trial in about 101 s, seed 1:");
    // Ten workers serve two clients.
    assert_eq!(of("preforking"), "1 trial in about 100 s, seed 1:");
    let ladder = planned(&["--scenario", "ladder", "--model", "async"]);
    assert!(ladder.contains(" s with 1 pilot before them, "), "{ladder}");
}
