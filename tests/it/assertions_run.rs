//! `--assert` with the real program: exit codes, faults, records and reports.

use std::fs;

use rpcbench::record::{AssertVerdict, Record};
use serde_json::Value;

use crate::support::{SHORT, is_stalled, run, undisturbed};

/// A short measurement with these conditions: the exit code, and the record.
fn measured(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let save = ["--save", file.to_str().unwrap()];
    let output = run(&[arguments, &SHORT, &save].concat());
    let record = fs::read_to_string(&file).unwrap_or_default();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let record = serde_json::from_str(&record).unwrap_or_default();
    (output.status.code(), record, shown)
}

#[test]
fn the_exit_code_says_whether_the_conditions_hold() {
    let server = ["--model", "async", "--clients", "2", "--think", "1ms"];
    let with = |conditions: &[&str], expected| {
        let conditions = conditions.iter().flat_map(|text| ["--assert", text]);
        let arguments: Vec<&str> = server.into_iter().chain(conditions).collect();
        undisturbed(
            || measured(&arguments),
            |(code, _, _)| is_stalled(*code, expected),
        )
    };
    let conditions = ["errors=0", "p50<10s", "served=2", "memory<1GiB"];
    let (code, record, shown) = with(&conditions, 0);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("All 4 assertions hold."), "{shown}");
    let verdicts = record["asserts"].as_array().unwrap();
    assert!(verdicts.iter().all(|assert| assert["verdict"] == "holds"));
    assert_eq!(verdicts[1]["cells"][0]["cell"], 0);
    assert_eq!(verdicts[1]["limit"], 1e10);
    let p50 = &record["cells"][0]["trials"][0]["latency_ns"]["p50"];
    assert_eq!(verdicts[1]["figure"].as_f64(), p50.as_f64());

    let (code, record, shown) = with(&["errors=0", "served>2"], 3);
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("1 of 2 assertions is violated."), "{shown}");
    assert_eq!(record["asserts"][1]["verdict"], "violated");

    // A quantile that needs 10,000 requests.
    let (code, record, shown) = with(&["p99.9<10s"], 4);
    assert_eq!(code, Some(4), "{shown}");
    assert_eq!(record["asserts"][0]["cells"][0]["doubt"], "few-samples");
}

#[test]
fn conditions_are_refused_with_a_suggestion() {
    for (arguments, expected) in [
        (&["--assert", "p9<10ms"][..], "did you mean p90?"),
        (&["--assert", "p99>10ms"], "did you mean 'p99<10ms'?"),
        (
            &["--slo", "p99<10ms", "--assert", "errors=0"],
            "cannot be used with --",
        ),
    ] {
        let (code, _, shown) = measured(&[&["--model", "async"], arguments].concat());
        assert_eq!(code, Some(2), "{shown}");
        assert!(shown.contains(expected), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
    }
}

#[test]
fn a_resumed_run_and_a_report_keep_the_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let junit = [
        "--model",
        "async",
        "--clients",
        "2",
        "--assert",
        "served>2",
        "--format",
        "junit",
    ];
    let output = run(&[&junit[..], &SHORT, &["--save", file.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(3));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("<failure message=\"VIOLATED: served&gt;2"),
        "{shown}"
    );
    let mut record = Record::read(&file).unwrap();
    record.interrupted = true;
    record.asserts.clear();
    record.write(&file).unwrap();
    let path = file.to_str().unwrap();
    let output = run(&["--resume", path, "--assert", "served=2", "--save", path]);
    assert_eq!(output.status.code(), Some(3));
    let verdicts: Vec<AssertVerdict> = Record::read(&file)
        .unwrap()
        .asserts
        .iter()
        .map(|info| info.verdict)
        .collect();
    assert_eq!(verdicts, [AssertVerdict::Violated, AssertVerdict::Holds]);
    let out = folder.path().join("report");
    let output = run(&["report", path, "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let written = fs::read_to_string(out.join("junit.xml")).unwrap();
    let root =
        "<testsuites name=\"rpcbench\" tests=\"3\" skipped=\"0\" failures=\"1\" errors=\"0\">";
    assert!(written.contains(root), "{written}");
}
