//! The pairs of a check with real servers: failures, two loads, a check that is resumed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rpcbench::record::{LoadKind, Record};

use crate::support::{SHORT, rpcbench};

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A check of short trials of two Python servers; `fault` is the candidate's.
fn python_gate(fault: &str, more: &[&str]) -> Output {
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faulty.py");
    let command = |fault: &str| format!("python3 {server} {{port}} {fault}");
    rpcbench()
        .args(["check", "--baseline-exec", &command("none")])
        .args(["--exec", &command(fault), "--clients", "4", "--pairs", "6"])
        .args(["--budget", "60s", "--no-save", "--format", "json"])
        .args(["--duration", "300ms", "--warmup", "100ms", "--share", "off"])
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn servers_that_fail_never_pass_and_the_record_says_how() {
    for (fault, kind) in [
        ("abort 1", "died"),
        ("hang 1", "no-replies"),
        ("refuse 1", "no-replies"),
        ("wrong 50", "wrong-replies"),
    ] {
        let output = python_gate(fault, &["--margin", "900%"]);
        assert_ne!(
            output.status.code(),
            Some(0),
            "{fault}: {}",
            text_of(&output)
        );
        let record: Record = serde_json::from_slice(&output.stdout).unwrap();
        let check = record.check.unwrap();
        let reliability = check.parts[0].reliability.clone().unwrap();
        let found = reliability
            .kinds
            .iter()
            .find(|count| serde_json::to_value(count.kind).unwrap() == kind);
        let found = found.unwrap_or_else(|| panic!("{fault}: {:?}", reliability.kinds));
        // On a busy machine a start of 300 ms may be too short for a fault, or for a reply.
        let [baseline, candidate] = found.starts;
        assert!(
            baseline <= 1 && candidate * 2 > found.of,
            "{fault}: {found:?}"
        );
        assert!(reliability.signs.iter().all(|sign| *sign >= 0), "{fault}");
        assert_eq!(check.parts[0].pairs.len(), 6, "no pair is left out");
    }
}

/// A pilot lasts a second or more, a trial far less.
#[test]
fn a_failure_in_the_pilot_of_the_warm_up_rules_out_a_pass() {
    let good = format!(
        "{} serve --model async --listen 127.0.0.1:{{port}}",
        env!("CARGO_BIN_EXE_rpcbench")
    );
    let output = rpcbench()
        .args(["check", "--baseline-exec", &good])
        .args(["--exec", &format!("timeout 0.9 {good}")])
        .args(["--clients", "2", "--margin", "900%", "--delta", "90%"])
        .args(["--duration", "80ms", "--share", "off", "--no-save"])
        .args([
            "--budget",
            "30s",
            "--format",
            "json",
            "--inconclusive",
            "pass",
        ])
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0), "{}", text_of(&output));
    let record: Record = serde_json::from_slice(&output.stdout).unwrap();
    let failed = record.warmup.unwrap().pilots.into_iter();
    let failed: Vec<_> = failed
        .map(|pilot| (pilot.is_candidate, pilot.failed.is_some()))
        .collect();
    assert!(
        failed.contains(&(true, true)) && failed.contains(&(false, false)),
        "{failed:?}"
    );
    let first = &record.check.unwrap().parts[0].pairs[0];
    let pilots = first.loads.last().unwrap();
    assert!(
        pilots.values.is_empty() && pilots.failures[0].what.contains("124"),
        "{pilots:?}"
    );
}

/// The record of a check of two loads that has six pairs and has not decided.
fn undecided(file: &Path) -> Record {
    let output = rpcbench()
        .args(["check", "--baseline", env!("CARGO_BIN_EXE_rpcbench")])
        .args(["--model", "async", "--clients", "2", "--pairs", "6"])
        .args(SHORT)
        .args([
            "--budget", "60s", "--margin", "0.001%", "--delta", "0.0005%",
        ])
        .args(["--save", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    Record::read(file).unwrap()
}

/// Six pairs of one load are six starts.
#[test]
fn a_fault_that_a_late_start_shows_rules_out_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.json");
    let starts = folder.path().join("starts");
    fs::write(&starts, "").unwrap();
    let good = format!(
        "{} serve --model async --listen 127.0.0.1:{{port}}",
        env!("CARGO_BIN_EXE_rpcbench")
    );
    // The starts before the twentieth are good.
    let script = format!(
        "echo >> {0}; test $(wc -l < {0}) -lt 20 || exit 9; exec {good}",
        starts.display()
    );
    let output = rpcbench()
        .args(["check", "--baseline-exec", &good, "--exec"])
        .arg(format!("sh -c '{script}'"))
        .args(["--clients", "2", "--margin", "900%", "--delta", "90%"])
        .args(["--duration", "80ms", "--warmup", "30ms", "--share", "off"])
        .arg("--save")
        .arg(&file)
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0), "{}", text_of(&output));
    assert!(
        text_of(&output)
            .replace("\n  ", " ")
            .contains("exit code 9"),
        "{}",
        text_of(&output)
    );
    // On a quiet machine it would have passed before that start: then a pair has further starts.
    let record = Record::read(&file).unwrap();
    let pairs = &record.check.unwrap().parts[0].pairs;
    let has_further = pairs.iter().any(|pair| pair.loads.len() > 1);
    assert!(has_further || pairs.len() >= 19, "{} pairs", pairs.len());
}

#[test]
fn a_check_measures_two_loads_and_is_resumed_at_the_same_rate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.json");
    let record = undecided(&file);
    let part = &record.check.as_ref().unwrap().parts[0];
    let loads: Vec<LoadKind> = part.loads.iter().map(|load| load.load).collect();
    assert_eq!(loads, [LoadKind::Rate, LoadKind::Capacity]);
    let rate = part.loads[0].rate_rps.unwrap();
    let half = part.loads[0].pilot_rps.unwrap() / 2.0;
    assert!((rate / half - 1.0).abs() < 0.01, "{rate} {half}");
    assert_eq!(record.pilots.len(), 1);
    assert_eq!(record.check.as_ref().unwrap().gated, 4);
    for (cell, role) in record
        .cells
        .iter()
        .zip(["baseline", "candidate"].iter().cycle())
    {
        assert_eq!(cell.contestant.role.unwrap().name(), *role);
        assert_eq!(cell.trials.len(), 6);
    }
    assert_eq!(record.cells[0].load.rate_rps, Some(rate));
    assert_eq!(record.cells[1].load.rate_rps, Some(rate));
    assert_eq!(record.cells[2].load.rate_rps, None);
    assert_eq!(part.order_effect.is_some(), part.drift.is_some());

    let resumed = |more: &[&str]| {
        let arguments = ["check", "--resume", file.to_str().unwrap()];
        rpcbench().args(arguments).args(more).output().unwrap()
    };
    let other = resumed(&["--model", "threaded"]);
    assert_eq!(other.status.code(), Some(2), "{}", text_of(&other));
    for too_few in [&[][..], &["--pairs", "6"]] {
        let output = resumed(too_few);
        assert_eq!(output.status.code(), Some(2), "{}", text_of(&output));
        assert!(text_of(&output).contains("it has 6 pairs already"));
    }
    let output = resumed(&["--pairs", "8"]);
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    let after = Record::read(&file).unwrap();
    let continued = &after.check.as_ref().unwrap().parts[0];
    assert_eq!(continued.pairs.len(), 8);
    assert_eq!(continued.pairs[..6], part.pairs[..]);
    assert_eq!(continued.loads, part.loads, "the same rate");
    assert_eq!((&after.pilots, after.resumed.len()), (&record.pilots, 1));
    let mut orders: Vec<usize> = after
        .cells
        .iter()
        .flat_map(|cell| cell.trials.iter().map(|trial| trial.order))
        .collect();
    orders.sort_unstable();
    assert_eq!(orders, (0..32).collect::<Vec<_>>());
    // Another budget goes beyond the limit, and conditions stay.
    let served = ["--budget", "4s", "--assert", "served=2"];
    let output = resumed(&served);
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    let pairs = |record: &Record| record.check.as_ref().unwrap().parts[0].pairs.len();
    let more = pairs(&Record::read(&file).unwrap());
    assert!(more > 8);
    let output = resumed(&["--budget", "4s"]);
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    let after = Record::read(&file).unwrap();
    assert!(pairs(&after) > more);
    assert_eq!(after.asserts.len(), 1, "it was given in the resumed piece");
    // A program that is not what it was is another build.
    let mut other = after.clone();
    other.check.as_mut().unwrap().programs[0].bytes += 1;
    let saved = fs::read(&file).unwrap();
    other.write(&file).unwrap();
    let output = resumed(&["--pairs", "99"]);
    assert_eq!(output.status.code(), Some(2), "{}", text_of(&output));
    assert!(text_of(&output).contains("has changed since"));
    fs::write(&file, saved).unwrap();
    // Another implementation of the same formulae agrees.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/evidence.py");
    let verified = Command::new("python3")
        .arg(script)
        .arg(&file)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", text_of(&verified));
}

#[test]
fn a_server_of_one_client_is_told_to_be_measured_with_one() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let single = [&SHORT[..], &["--budget", "60s", "--no-save"]].concat();
    let output = rpcbench()
        .args([
            "check",
            "--model",
            "single",
            "--clients",
            "3",
            "--baseline",
            itself,
        ])
        .args(single)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text_of(&output));
    assert!(
        text_of(&output).starts_with("INVALID"),
        "{}",
        text_of(&output)
    );
    let text = text_of(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        text.contains("measure with as many clients as the server serves"),
        "{text}"
    );
}
