//! What users mistype, and the line that they get: what was asked, what is wrong, what to do.

use std::fmt::Write;

use crate::support::run;

/// Command lines with a fault, as a shell passes them.
const INPUTS: &[&[&str]] = &[
    // A word in place of an option.
    &["async"],
    &["chek"],
    &["churn"],
    &["quick"],
    &["ping"],
    &["127.0.0.1:8000"],
    &["--model", "prefork", "async"],
    &["--model", "async", "check"],
    &["--plan", "async"],
    &["models", "x"],
    // Options that do not exist, or not in this command.
    &["--modle", "async"],
    &["-x"],
    &["--connections", "64"],
    &["--threads", "4"],
    &["check", "--trials", "3"],
    &["check", "--target", "127.0.0.1:8000"],
    &["check", "--model", "async", "--suite", "quick"],
    &["calibrate", "--strict"],
    // Values.
    &["--model", "asink"],
    &["--model"],
    &["--clients", "0"],
    &["--clients", "abc"],
    &["--clients", "10,000"],
    &["--idle", "10,000"],
    &["--rate", "fast"],
    &["--duration", "5parsecs"],
    &["--duration", "2h"],
    &["--slo", "p99"],
    &["--slo", "p98<1ms"],
    &["--slo", "p99<10"],
    &["--payload", "5"],
    &["--params", "{"],
    &["--method", "spin"],
    &["--handler", "cpu=5"],
    &["--handler", "cpu=1ms,wait=61s"],
    &["--handler", "reply=big"],
    &["--handler", "reply=2MiB"],
    &["--handler", "200us"],
    &["--handler", "cpu=1ms,cpu=2ms"],
    &["--handler", "cpu=1ms", "--method", "ping"],
    &["--handler", "cpu=1ms", "--scenario", "echo"],
    &["--arrivals", "uniform", "--rate", "5"],
    &["--close", "rst"],
    &["--format", "xml"],
    &["--scenario", "chrun"],
    &["--suite", "nope"],
    &["--target", "nowhere"],
    &["--exec", "python3 server.py"],
    &["-n", "a", "--model", "async"],
    &["serve", "--model", "async", "--listen", "8000"],
    &["serve", "--model", "preforking", "--workers", "2,8"],
    &["torture", "--model", "preforking", "--workers", "2,8"],
    &["--model", "preforking", "--workers", "2,x"],
    &["torture", "--model", "async", "--attack", "nope"],
    &["completions", "ksh"],
    &["man", "nope"],
    // Options that are missing or exclude each other.
    &["serve"],
    &["report"],
    &["calibrate"],
    &["--arrivals", "constant"],
    &["--seed", "1", "--seed", "2"],
    &["--rate", "100", "--slo", "p99=1ms"],
    &["--no-save", "--save", "x"],
];

#[test]
fn each_mistyped_input_gets_a_line_that_says_what_to_do() {
    let mut lines = String::new();
    for arguments in INPUTS {
        let output = run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let shown = arguments.join(" ");
        assert_eq!(output.status.code(), Some(2), "{shown}: {stderr}");
        assert!(output.stdout.is_empty(), "{shown}");
        assert_eq!(stderr.lines().count(), 1, "{shown}: {stderr}");
        write!(lines, "$ rpcbench {shown}\n{stderr}\n").unwrap();
    }
    insta::assert_snapshot!("mistyped", lines);
}

#[test]
fn what_people_write_is_understood() {
    let plan = |arguments: &[&str]| {
        let output = run(&[&["--model", "async", "--plan"][..], arguments].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        (String::from_utf8(output.stdout).unwrap(), stderr)
    };
    let (short, _) = plan(&[
        "-c", "1k", "-d", "10s", "-t", "2", "-R", "20k", "--seed", "1",
    ]);
    assert!(
        short.contains("async, 1000 clients at 20000/s, 10s after"),
        "{short}"
    );
    for target in ["p99<10ms", "p99 < 10 ms", "p99=10ms", "p99 <= 10ms"] {
        let (plan, _) = plan(&["--slo", target]);
        assert!(plan.contains("within p99<10ms"), "{target}: {plan}");
    }
    let (_, note) = plan(&["--duration", "5", "--warmup", "0"]);
    assert_eq!(note, "rpcbench: --duration 5 is taken as 5 s\n");
}
