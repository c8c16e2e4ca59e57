//! `--warmup auto`: what pilots find is the warm-up of all trials, in the record and in the plan.

use std::fs;
use std::path::Path;

use rpcbench::internal::findings::warmup_sentences::sentences;
use rpcbench::record::{Record, WarmupInfo, WarmupPilot};
use serde_json::{Value, json};

use crate::support::{
    cell, has_python, measured, record, rpcbench, run, six, skipped, text, undisturbed,
};

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// This program as a command.
fn own_server() -> String {
    let path = rpcbench().get_program().to_owned();
    let path = path.to_str().unwrap().to_owned();
    format!("'{path}' serve --model async --listen 127.0.0.1:{{port}}")
}

fn write(path: &Path, record: &Value) {
    fs::write(path, record.to_string()).unwrap();
}

/// The times of a plan: `in 2.9 to 17 s`.
fn range_s(plan: &str) -> (f64, f64) {
    let words: Vec<&str> = plan.split(' ').collect();
    let to = words.iter().position(|word| *word == "to").expect(plan);
    let number = |at: usize| words[at].parse().expect(plan);
    (number(to - 1), number(to + 1))
}

#[test]
fn a_server_that_gets_faster_is_measured_warm() {
    if !has_python() {
        skipped("python3", "python3");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let save = file.to_str().unwrap();
    let server = concat!(
        "python3 ",
        env!("CARGO_MANIFEST_DIR"),
        "/examples/warming.py {port}"
    );
    let command = ["--exec", server, "--clients", "4", "--duration", "100ms"];
    let command = [&command[..], &["--trials", "2", "--save", save]].concat();
    let plan = stdout(&[&command[..], &["--plan"]].concat());
    assert!(plan.contains("with 1 pilot before them"), "{plan}");
    assert!(
        plan.contains("pilots of at most 8s find the warm-up"),
        "{plan}"
    );

    let (least, most) = range_s(&plan);

    let measure = || -> Value {
        stdout(&command);
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap()
    };
    let found = |saved: &Value| saved["warmup"]["warmup_s"].as_f64().unwrap();
    let mut saved = undisturbed(measure, |saved| found(saved) <= 1.0);
    let warmup = found(&saved);
    assert!(warmup > 1.0, "{}", saved["warmup"]);
    assert_eq!(saved["cells"][0]["load"]["warmup_s"], warmup);
    let pilots = saved["warmup"]["pilots"].as_array().unwrap();
    assert_eq!(pilots.len(), 1);
    assert_eq!(pilots[0]["steady_after_s"], warmup);
    // The wait was not known before, so the time of the plan was a range that has it.
    let took_s = pilots[0]["took_s"].as_f64().unwrap() + 2.0 * (warmup + 0.1);
    assert!((least..most).contains(&took_s), "{took_s}: {plan}");

    // A resumed run keeps it: its wait is in the plan, and no pilot is run again.
    let trials = saved["cells"][0]["trials"].as_array_mut().unwrap();
    trials.pop().unwrap();
    saved["interrupted"] = json!(true);
    write(&file, &saved);
    let plan = stdout(&["--resume", save, "--plan"]);
    assert!(!plan.contains("pilot"), "{plan}");
    let after = format!("after {:?}", std::time::Duration::from_secs_f64(warmup));
    assert_eq!(plan.matches(&after).count(), 2, "{plan}");
    stdout(&["--resume", save]);
    let resumed = Record::read(&file).unwrap();
    assert_eq!(
        serde_json::to_value(&resumed.warmup).unwrap(),
        saved["warmup"]
    );
    assert_eq!(resumed.cells[0].trials.len(), 2);
}

#[test]
fn the_longest_warm_up_is_that_of_all_servers() {
    let server = own_server();
    let record = measured(&[
        "--model",
        "async",
        "--exec",
        &server,
        "--clients",
        "2",
        "--duration",
        "50ms",
        "--share",
        "off",
    ]);
    let pilots = record["warmup"]["pilots"].as_array().unwrap();
    let of_servers = pilots
        .iter()
        .map(|pilot| pilot["contestant"].as_str().unwrap());
    assert_eq!(of_servers.collect::<Vec<_>>(), ["async", &*server]);
    let needed = pilots
        .iter()
        .map(|pilot| pilot["steady_after_s"].as_f64().unwrap());
    let warmup = record["warmup"]["warmup_s"].as_f64().unwrap();
    assert_eq!(warmup, needed.fold(0.2, f64::max));
    for cell in record["cells"].as_array().unwrap() {
        assert_eq!(cell["load"]["warmup_s"], warmup);
    }
}

#[test]
fn a_given_warm_up_and_models_alone_need_no_pilot() {
    let server = own_server();
    let given = ["--exec", &server, "--warmup", "300ms", "--plan"];
    assert!(!stdout(&given).contains("pilot"));
    assert!(!stdout(&["--model", "async", "--plan"]).contains("pilot"));
    let asked = stdout(&["--model", "async", "--warmup", "auto", "--plan"]);
    assert!(asked.contains("find the warm-up (async)"), "{asked}");
    let search = stdout(&["--exec", &server, "--slo", "p99=10ms", "--plan"]);
    assert!(search.contains("find the warm-up"), "{search}");
    let scenario = ["--exec", &server, "--scenario", "echo,churn", "--plan"];
    let scenario = stdout(&scenario);
    assert!(scenario.contains("with 1 pilot before them"), "{scenario}");
}

#[test]
fn ranks_need_a_given_warm_up() {
    let rank = [
        "--target",
        "127.0.0.1:9",
        "--rank",
        "0/2",
        "--start-at",
        "1",
    ];
    let output = run(&[&rank[..], &["--warmup", "auto"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("--warmup auto cannot be used with --rank"),
        "{stderr}"
    );
    let plan = stdout(&[&rank[..], &["--plan"]].concat());
    assert!(
        !plan.contains("pilot") && plan.contains("after 1s"),
        "{plan}"
    );
}

#[test]
fn a_check_of_commands_limits_the_warm_up() {
    let server = own_server();
    let output = rpcbench()
        .args(["check", "--exec", &server, "--baseline-exec", &server])
        .args(["--clients", "2", "--think", "1ms", "--duration", "50ms"])
        .args([
            "--pairs",
            "7",
            "--budget",
            "60s",
            "--no-save",
            "--format",
            "json",
        ])
        .output()
        .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record["warmup"]["most_s"], 1.0);
    let pilots = record["warmup"]["pilots"].as_array().unwrap();
    let sides = pilots
        .iter()
        .map(|pilot| pilot["is_candidate"].as_bool().unwrap());
    let mut sides: Vec<bool> = sides.collect();
    // A coin says which is first.
    sides.sort_unstable();
    assert_eq!(sides, [false, true]);
    let warmup = record["warmup"]["warmup_s"].as_f64().unwrap();
    assert!((0.2..=1.0).contains(&warmup), "{warmup}");
    for cell in record["cells"].as_array().unwrap() {
        assert_eq!(cell["load"]["warmup_s"], warmup);
    }
}

#[test]
fn a_warm_up_leaves_time_for_the_least_pairs() {
    if !has_python() {
        skipped("python3", "python3");
        return;
    }
    let server = concat!(
        "python3 ",
        env!("CARGO_MANIFEST_DIR"),
        "/examples/warming.py {port}"
    );
    let output = rpcbench()
        .args(["check", "--exec", server, "--baseline-exec", server])
        .args(["--clients", "2", "--think", "1ms", "--duration", "50ms"])
        .args(["--budget", "16s", "--no-save", "--format", "json"])
        .output()
        .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Each pilot would take 8 s, and a warm-up of 1 s in twelve trials 12 s.
    let warmup = record["warmup"]["warmup_s"].as_f64().unwrap();
    assert!((0.2..0.8).contains(&warmup), "{}", record["warmup"]);
    let pairs = record["check"]["parts"][0]["pairs"].as_array().unwrap();
    assert!(!pairs.is_empty(), "{}", record["warmup"]);
}

fn pilot(contestant: &str, steady_after_s: f64, is_steady: bool) -> WarmupPilot {
    WarmupPilot {
        contestant: contestant.to_owned(),
        workers: None,
        is_candidate: contestant == "new",
        steady_after_s,
        took_s: 8.0,
        is_steady,
        failed: None,
    }
}

#[test]
fn a_server_that_was_measured_cold_is_named() {
    let mut record = record(vec![cell("new", six(1.0))]);
    assert_eq!(sentences(&record), [""; 0]);
    let mut warmup = WarmupInfo {
        warmup_s: 3.1,
        most_s: None,
        budget_s: None,
        pilots: vec![pilot("old", 0.1, true), pilot("new", 3.1, true)],
    };
    record.warmup = Some(warmup.clone());
    assert_eq!(
        sentences(&record),
        [
            "The warm-up is what new (candidate) needed in its pilot until throughput and latency were steady: 3.1 s."
        ]
    );
    assert!(text(&record).contains("The warm-up is what new"));
    (warmup.warmup_s, warmup.most_s, warmup.budget_s) = (1.0, Some(1.0), Some(240.0));
    record.warmup = Some(warmup.clone());
    assert_eq!(
        sentences(&record),
        [
            "new (candidate) needs 3.1 s until it is steady, and was measured after 1 s of warm-up: for a warm server give --warmup 3.1s --budget 240s."
        ]
    );
    warmup.pilots = vec![pilot("new", 4.0, false)];
    (warmup.warmup_s, warmup.most_s) = (4.0, None);
    record.warmup = Some(warmup.clone());
    assert_eq!(
        sentences(&record),
        [
            "new (candidate) did not become steady within 8 s of its pilot, so it may have been measured before it was steady; its trials had 4 s of warm-up: give a longer --warmup."
        ]
    );
    // A server that is steady at once is as usual.
    warmup.pilots = vec![pilot("old", 0.1, true)];
    warmup.warmup_s = 0.2;
    record.warmup = Some(warmup);
    assert_eq!(sentences(&record), [""; 0]);
}
