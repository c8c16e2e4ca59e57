//! Load options and CPU pinning with the real program.

use serde_json::Value;

use crate::support::{SHORT, Served, measured, models, rpcbench, run};

fn trial(record: &Value) -> &Value {
    &record["cells"][0]["trials"][0]
}

#[test]
fn split_writes_wait_for_the_delayed_acknowledgement_in_every_model() {
    let arguments = ["--model", "all", "--clients", "1", "--write-mode", "split"];
    let record = measured(
        &[
            &arguments[..],
            &["--duration", "400ms", "--warmup", "100ms"],
        ]
        .concat(),
    );
    let cells = record["cells"].as_array().unwrap();
    assert_eq!(cells.len(), models().count());
    for cell in cells {
        let (name, trial) = (&cell["contestant"]["name"], &cell["trials"][0]);
        assert_eq!(cell["load"]["wire"], "split");
        assert_eq!(cell["contestant"]["options"]["backlog"], 1, "{name}");
        assert_eq!(trial["clients_served"], 1, "{name}: {trial}");
        assert_eq!(trial["errors"]["reply"], 0, "{name}");
        // Linux delays an acknowledgement by at least 40 ms.
        let p50 = trial["latency_ns"]["p50"].as_u64().unwrap();
        assert!(p50 > 39_000_000, "{name}: {p50} ns");
    }
}

#[test]
fn idle_connections_take_the_workers_of_a_preforking_server() {
    let idle = ["--idle", "5", "--clients", "4", "--workers", "5"];
    let preforking = ["--model", "preforking", "--no-save", "--format", "json"];
    let output = run(&[&preforking[..], &idle, &SHORT].concat());
    assert_eq!(output.status.code(), Some(1), "no client was served");
    let preforking: Value = serde_json::from_slice(&output.stdout).unwrap();
    let starved = trial(&preforking);
    assert_eq!(
        (&starved["clients_served"], &starved["idle"]["open"]),
        (&Value::from(0), &Value::from(5)),
        "{starved}"
    );
    let idle = ["--idle", "50", "--clients", "4"];
    let served = measured(&[&["--model", "async"][..], &idle, &SHORT].concat());
    let served = trial(&served);
    assert_eq!(served["clients_served"], 4, "{served}");
    assert_eq!(served["idle"], serde_json::json!({"open": 50, "closed": 0}));
    assert_eq!(served["connects"]["made"], 54);
}

#[test]
fn idle_connections_closed_by_the_server_are_counted_and_reopened() {
    let idle = ["--idle", "3", "--clients", "1", "--idle-timeout", "600ms"];
    let arguments = [&["--model", "async"][..], &idle, &["--duration", "2s"]].concat();
    let record = measured(&arguments);
    let closed = trial(&record)["idle"]["closed"].as_u64().unwrap();
    assert!(closed >= 3, "{}", trial(&record)["idle"]);
    assert_eq!(trial(&record)["errors"]["reset"], 0, "nothing is lost");
}

#[test]
fn think_time_limits_the_request_rate() {
    let think = ["--model", "threaded", "--clients", "5", "--think", "50ms"];
    let record = measured(&[&think[..], &["--duration", "500ms", "--warmup", "100ms"]].concat());
    let requests = trial(&record)["requests"].as_u64().unwrap();
    assert!(
        (1..=50).contains(&requests),
        "{requests} of 5 × 500 ms / 50 ms at most"
    );
    assert_eq!(record["cells"][0]["load"]["think_s"], 0.05);
    let output = run(&["--model", "async", "--rate", "100", "--think", "1ms"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn resets_by_clients_are_faults_at_the_server_and_not_client_errors() {
    let reset = ["--close", "reset", "--requests-per-connection", "2"];
    let record = measured(
        &[
            &["--model", "threaded", "--clients", "4"][..],
            &reset,
            &SHORT,
        ]
        .concat(),
    );
    assert_eq!(record["cells"][0]["load"]["close"], "reset");
    let trial = trial(&record);
    assert!(trial["requests"].as_u64().unwrap() > 0);
    assert_eq!(trial["errors"]["connect"], 0);
    assert!(trial["server"]["faults"].as_u64().unwrap() > 0, "{trial}");
}

#[test]
fn refused_connects_are_counted_separately() {
    let server = Served::start("single", &[]);
    let address = server.address.to_string();
    let running = rpcbench()
        .args([
            "--target",
            &address,
            "--clients",
            "2",
            "--no-save",
            "--format",
            "json",
        ])
        .args(["--warmup", "0", "--duration", "2s"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    server.stop();
    let output = running.wait_with_output().unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let connects = &trial(&record)["connects"];
    assert!(connects["refused"].as_u64().unwrap() > 0, "{connects}");
    assert_eq!(connects["timed_out"], 0, "{connects}");
    assert_eq!(
        trial(&record)["errors"]["connect"].as_u64().unwrap() > 0,
        connects["refused"].as_u64().unwrap() > 0
    );
}

#[test]
fn generator_and_server_run_on_their_cores() {
    let cpus = ["--client-cpus", "0", "--server-cpus", "0"];
    let record = measured(
        &[
            &["--model", "preforking-async", "--clients", "2"][..],
            &cpus,
            &SHORT,
        ]
        .concat(),
    );
    let cell = &record["cells"][0];
    assert_eq!(cell["load"]["client_cpus"], "0");
    assert_eq!(cell["contestant"]["options"]["cpus"], "0");
    // The default is one worker per allowed core.
    assert_eq!(cell["contestant"]["options"]["workers"], 1);
    let server = Served::start("threaded", &["--server-cpus", "0"]);
    for process in server.processes() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).unwrap();
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        assert_eq!(allowed.map(str::trim), Some("0"), "{process:?}");
    }
}

#[test]
fn missing_cores_are_refused() {
    for side in ["--client-cpus", "--server-cpus"] {
        let output = run(&["--model", "async", side, "0,1000", "--no-save"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains(side) && message.contains("core 1000"),
            "{message}"
        );
    }
}

#[test]
fn the_generator_records_its_memory() {
    let record = measured(&[&["--model", "async", "--clients", "200"][..], &SHORT].concat());
    let generator = &trial(&record)["generator"];
    let per_connection = generator["memory_bytes_per_connection"].as_f64().unwrap();
    assert!((100.0..20_000.0).contains(&per_connection), "{generator}");
    assert!(
        generator["memory_bytes"].as_u64().unwrap() > 100_000,
        "{generator}"
    );
}

#[test]
fn a_search_ends_with_an_answer_and_keeps_its_trials() {
    let target = [
        "--model",
        "async,single",
        "--clients",
        "2",
        "--slo",
        "p50<100ms",
    ];
    let record = measured(&[&target[..], &SHORT].concat());
    let searches = record["searches"].as_array().unwrap();
    assert_eq!(searches.len(), 2);
    let (holding, starving) = (&searches[0], &searches[1]);
    let holds = holding["holds_rps"]
        .as_f64()
        .unwrap_or_else(|| panic!("{holding}"));
    assert!(holds > 10.0 && holding["pilot_rps"].as_f64().unwrap() > 10.0);
    let steps = holding["steps"].as_array().unwrap();
    let tries: usize = steps
        .iter()
        .map(|step| step["tries"].as_array().unwrap().len())
        .sum();
    let cells = record["cells"].as_array().unwrap();
    let trials: usize = cells
        .iter()
        .map(|cell| cell["trials"].as_array().unwrap().len())
        .sum();
    // Each search has a pilot trial.
    assert_eq!(trials, tries + 2);
    assert_eq!(
        starving["gave_up"],
        "in the closed-loop pilot the server served only 1 of 2 clients"
    );
}

#[test]
fn an_slo_is_parsed_and_a_wrong_one_is_refused() {
    for wrong in ["p99", "p42<10ms", "p99<"] {
        let output = run(&["--model", "async", "--slo", wrong]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("a target such as 'p99<10ms'"), "{message}");
    }
    let plan = run(&["--model", "async", "--slo", "p99.9 < 5ms", "--plan"]);
    let message = String::from_utf8(plan.stdout).unwrap();
    assert!(
        message.contains("the highest rate within p99.9<5ms"),
        "{message}"
    );
    let both = run(&["--model", "async", "--slo", "p99<5ms", "--rate", "10k"]);
    assert_eq!(both.status.code(), Some(2));
}
