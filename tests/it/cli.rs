//! The command line: output and exit codes.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{
    SHORT, Served, assert_gone, descendants, measured, models, rpcbench, run, wait_for_server,
};

#[test]
fn json_output_is_one_document_with_one_cell_per_model() {
    let options = ["--model", "all", "--clients", "12", "--seed", "7"];
    let record = measured(&[&options[..], &["--share", "off"], &SHORT].concat());
    assert_eq!(record["schema"], "rpcbench.record/1");
    assert_eq!(record["seed"], 7);
    let cells = record["cells"].as_array().unwrap();
    let names: Vec<&str> = cells
        .iter()
        .map(|cell| cell["contestant"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, models().collect::<Vec<_>>());
    let served: Vec<u64> = cells
        .iter()
        .map(|cell| cell["trials"][0]["clients_served"].as_u64().unwrap())
        .collect();
    let expected = [1, 12, 12, 10, 12, 12, 10, 12, 12, 12, 12];
    assert_eq!(served, expected[..names.len()]);
    let mut orders: Vec<u64> = cells
        .iter()
        .map(|cell| cell["trials"][0]["order"].as_u64().unwrap())
        .collect();
    orders.sort_unstable();
    assert_eq!(orders, (0..names.len() as u64).collect::<Vec<u64>>());
}

#[test]
fn starvation_is_reported_first_and_is_no_error() {
    let single = ["--model", "single", "--clients", "50", "--no-save"];
    let output = run(&[&single[..], &SHORT].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("1 of 50 clients served"), "{text}");
    assert!(
        text.contains("starved: 49 clients of 50 without a reply in the window"),
        "{text}"
    );
    assert!(text.contains("49 requests"), "unanswered: {text}");
    assert!(!text.contains("p99"), "{text}");
}

#[test]
fn forking_uses_more_cpu_per_connection_than_preforking() {
    let churn = |model: &str| {
        let arguments = [
            "--model",
            model,
            "--clients",
            "16",
            "--requests-per-connection",
            "1",
        ];
        let record = measured(
            &[
                &arguments[..],
                &["--duration", "500ms", "--warmup", "200ms"],
            ]
            .concat(),
        );
        let trial = record["cells"][0]["trials"][0].clone();
        assert_eq!(trial["clients_served"], 16, "{model}: {trial}");
        assert_eq!(
            trial["errors"],
            serde_json::json!({"connect": 0, "timeout": 0, "reset": 0, "protocol": 0, "reply": 0})
        );
        assert!(trial["connect_ns"]["p50"].as_u64().unwrap() > 0);
        trial["server"]["cpu_us_per_request"].as_f64().unwrap()
    };
    let (forking, preforking) = (churn("forking"), churn("preforking"));
    assert!(
        forking > preforking,
        "forking {forking} µs, preforking {preforking} µs per request"
    );
}

#[test]
fn a_running_server_is_measured_as_a_target() {
    let server = Served::start("threaded", &[]);
    let address = server.address.to_string();
    let record = measured(&[&["--target", &address, "--clients", "5"][..], &SHORT].concat());
    let cell = &record["cells"][0];
    assert_eq!(cell["contestant"]["kind"], "target");
    assert_eq!(cell["contestant"]["name"], Value::from(address));
    assert_eq!(cell["trials"][0]["clients_served"], 5);
    let side = cell["trials"][0]["server"].as_object().unwrap();
    assert!(
        side.len() > 5 && side.values().all(Value::is_null),
        "{side:?}"
    );
}

#[test]
fn the_plan_shows_the_order_and_measures_nothing() {
    let arguments = [
        "--model",
        "single,async",
        "--clients",
        "4,8",
        "--trials",
        "2",
        "--seed",
        "1",
        "--plan",
    ];
    let output = run(&arguments);
    insta::assert_snapshot!("plan", String::from_utf8(output.stdout).unwrap());
    let again = run(&arguments);
    assert_eq!(String::from_utf8(again.stdout).unwrap().lines().count(), 17);
    let bare = String::from_utf8(run(&["--plan"]).stdout).unwrap();
    assert!(bare.starts_with("72 trials in about"), "{bare}");
}

#[test]
fn the_record_is_saved_to_the_given_file_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/record.json");
    let arguments = ["--model", "async", "--save", path.to_str().unwrap()];
    let output = run(&[&arguments[..], &SHORT].concat());
    assert_eq!(output.status.code(), Some(0));
    let record = rpcbench::record::Record::read(&path).unwrap();
    assert_eq!(record.cells[0].contestant.name, "async");
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "no temporary file is left");

    let output = rpcbench()
        .current_dir(&folder)
        .args(["--model", "single"])
        .args(SHORT)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        std::fs::read_dir(folder.path().join("results/runs"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn ctrl_c_stops_the_server_and_keeps_complete_trials() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    let mut child = rpcbench()
        .args([
            "--model",
            "preforking",
            "--duration",
            "300ms",
            "--warmup",
            "50ms",
            "--trials",
            "100",
        ])
        .args(["--save", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One trial is complete.
    wait_for_server(child.id() as i32, 2);
    let processes = descendants(child.id() as i32);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let status = child.wait().unwrap();
    assert_gone(&processes);
    assert_eq!(status.code(), Some(130));
    let record = rpcbench::record::Record::read(&path).unwrap();
    assert!(record.interrupted);
    assert!((1..100).contains(&record.cells[0].trials.len()));
    let text = std::io::read_to_string(child.stdout.unwrap()).unwrap();
    assert!(text.starts_with("Ended early"), "{text}");
}

#[test]
fn strict_exits_with_5_on_an_invalid_trial() {
    let sleeping = [
        "--model",
        "async",
        "--method",
        "sleep",
        "--params",
        "60000",
        "--drain",
        "100ms",
        "--no-save",
    ];
    let plain = run(&[&sleeping[..], &SHORT].concat());
    assert_eq!(plain.status.code(), Some(1), "no client was served");
    assert!(String::from_utf8_lossy(&plain.stdout).starts_with("Invalid: no client was served"));
    let strict = run(&[&sleeping[..], &SHORT, &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(5));
}

#[test]
fn help_and_lists() {
    // Without a terminal and without COLUMNS the help is 100 columns wide.
    let help = rpcbench()
        .arg("--help")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    insta::assert_snapshot!("help", String::from_utf8(help.stdout).unwrap());
    let list = String::from_utf8(run(&["models"]).stdout).unwrap();
    insta::assert_snapshot!("models", list);
    let json: Value = serde_json::from_slice(&run(&["models", "--format", "json"]).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), rpcbench::models::ALL.len());
    assert_eq!(json[3]["workers_default"], 10);
    let doctor = run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0));
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    for what in [
        "cores",
        "CPU quota",
        "governor",
        "descriptors",
        "backlog",
        "ports",
        "load",
        "time stamps",
        "io_uring",
    ] {
        assert!(doctor.contains(what), "{doctor}");
    }
}

#[test]
fn a_command_in_another_language_is_measured_with_the_models() {
    let server = concat!(
        "python3 ",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/plain_server.py {port}"
    );
    let record = measured(
        &[
            &[
                "--exec",
                server,
                "--model",
                "single",
                "--clients",
                "3",
                "--trials",
                "2",
            ][..],
            &SHORT,
        ]
        .concat(),
    );
    let cells = record["cells"].as_array().unwrap();
    assert_eq!(
        cells.len(),
        3,
        "single serves 1 of 3 clients: no load at one rate"
    );
    let exec = cells
        .iter()
        .find(|cell| cell["contestant"]["kind"] == "exec")
        .unwrap();
    assert_eq!(exec["contestant"]["name"], server);
    assert_eq!(
        exec["trials"].as_array().unwrap().len(),
        2,
        "the second trial can use the port of the first"
    );
    for trial in exec["trials"].as_array().unwrap() {
        assert_eq!(trial["clients_served"], 3);
        assert_eq!(
            trial["errors"]["reply"], 0,
            "JSON with spaces is correct too"
        );
        assert!(trial["server"]["cpu_us_per_request"].as_f64().unwrap() > 0.0);
        assert!(trial["server"]["pss_peak_bytes"].as_u64().unwrap() > 1_000_000);
        assert!(trial["server"]["faults"].is_null() && trial["server"]["workers"].is_null());
    }
}
