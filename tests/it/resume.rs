//! Resuming an interrupted run.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rpcbench::record::{Record, Trial};
use serde_json::Value;

use crate::support::{SHORT, rpcbench, run, wait_for_server};

/// Two scenarios, one at capacity and at one rate, the other at five rates, with two servers and two
/// rounds.
const TRIALS: usize = (2 + 5) * 2 * 2;

/// Starts a run, interrupts it with SIGINT in its fourth trial, and returns its record.
fn interrupted(file: &Path) -> Record {
    let mut child = rpcbench()
        .args([
            "--scenario",
            "echo,ladder",
            "--clients",
            "4",
            "--model",
            "threaded,async",
        ])
        .args([
            "--duration",
            "60ms",
            "--warmup",
            "30ms",
            "--trials",
            "2",
            "--seed",
            "5",
        ])
        .args(["--save", file.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Two pilots per scenario come first.
    wait_for_server(child.id() as i32, 4 + 4);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    Record::read(file).unwrap()
}

fn orders(record: &Record) -> Vec<usize> {
    let trials = record.cells.iter().flat_map(|cell| &cell.trials);
    let mut orders: Vec<usize> = trials.map(|trial| trial.order).collect();
    orders.sort_unstable();
    orders
}

#[test]
fn an_interrupted_run_is_resumed_with_the_next_trial() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let before = interrupted(&file);
    let done = orders(&before);
    assert!(
        before.interrupted && !done.is_empty() && done.len() < TRIALS,
        "{done:?}"
    );
    assert_eq!(done, (0..done.len()).collect::<Vec<_>>());
    let output = run(&["--resume", file.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let after = Record::read(&file).unwrap();
    assert!(!after.interrupted);
    assert_eq!(orders(&after), (0..TRIALS).collect::<Vec<_>>());
    assert_eq!(after.resumed.len(), 1);
    assert_eq!(
        (&after.started, &after.command),
        (&before.started, &before.command)
    );
    assert_eq!(
        after.pilots, before.pilots,
        "the rates of the first pilots are kept"
    );
    // Complete trials are not measured again; an interrupted one is.
    for (old, new) in before.cells.iter().zip(&after.cells) {
        assert_eq!(old.load, new.load);
        let complete = old.trials.iter().filter(|trial| !trial.interrupted);
        for (old, new) in complete.zip(&new.trials) {
            // The cause of a trend depends on the trials of the other servers and rounds.
            let validity = new.validity.clone();
            assert_eq!(
                Trial {
                    validity,
                    ..old.clone()
                },
                *new
            );
        }
        assert!(new.trials.iter().all(|trial| !trial.interrupted));
    }
    let output = run(&["--resume", file.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("this run is complete"), "{stderr}");
}

#[test]
fn a_record_of_another_build_machine_or_plan_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let arguments = [
        "--model",
        "async",
        "--clients",
        "2",
        "--save",
        file.to_str().unwrap(),
    ];
    run(&[&arguments[..], &SHORT].concat());
    let whole: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    type Change = fn(&mut Value);
    let changes: [(Change, i32, &str); 4] = [
        (
            |record| record["tool"]["version"] = "0.0.1".into(),
            2,
            "another build",
        ),
        (
            |record| record["environment"]["cpus"] = 77.into(),
            2,
            "another machine",
        ),
        (
            |record| record["command"][1] = "models".into(),
            2,
            "its command is not a measurement",
        ),
        (
            |record| record["cells"][0]["load"]["idle"] = 7.into(),
            1,
            "would not measure now",
        ),
    ];
    for (change, code, expected) in changes {
        let mut record = whole.clone();
        record["interrupted"] = true.into();
        change(&mut record);
        fs::write(&file, record.to_string()).unwrap();
        let output = run(&["--resume", file.to_str().unwrap(), "--no-save"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{expected}: {stderr}");
        assert!(stderr.contains(expected), "{expected}: {stderr}");
    }
}
