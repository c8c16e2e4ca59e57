//! Records: the keys that other programs read, and files that are not records.

use std::fs;

use rpcbench::record::{Cell, Record};
use serde_json::Value;

use crate::support::{cell, measured, trial};

fn keys(value: &serde_json::Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Checks that the object has these keys; it may have more.
#[track_caller]
fn has(value: &serde_json::Value, names: &str) {
    let keys = keys(value);
    for name in names.split_whitespace() {
        assert!(keys.contains(&name), "{name} is missing in {keys:?}");
    }
}

#[test]
fn a_record_has_every_key_of_the_schema() {
    let record = measured(&[
        "--model",
        "preforking",
        "--workers",
        "2",
        "--clients",
        "2",
        "--duration",
        "400ms",
        "--warmup",
        "100ms",
    ]);
    has(
        &record,
        "schema started command seed tool environment cells",
    );
    has(&record["tool"], "version git rustc profile");
    has(
        &record["environment"],
        "cpu_model cpus cpu_quota kernel governor memory_bytes virtualised load_1m limits",
    );
    has(
        &record["environment"]["limits"],
        "nofile somaxconn port_range",
    );
    let cell = &record["cells"][0];
    has(cell, "contestant scenario load trials");
    has(&cell["contestant"], "kind name options");
    has(&cell["contestant"]["options"], "workers accept");
    has(
        &cell["load"],
        "clients mode rate_rps pipeline assign requests_per_connection method payload_bytes idle duration_s warmup_s \
         timeout_s close wire",
    );
    let trial = &cell["trials"][0];
    has(
        trial,
        "order requests throughput_rps latency_ns service_ns connect_ns exact_below censored clients_served \
         fairness_jain unanswered client_wait_ns errors histograms series server generator validity",
    );
    for times in ["latency_ns", "service_ns", "connect_ns"] {
        has(&trial[times], "mean p50 p90 p95 p99 p99_9 p99_99 max");
        let values = trial[times].as_object().unwrap().values();
        assert!(
            values
                .into_iter()
                .all(|value| value.is_number() || value.is_null()),
            "{times}"
        );
    }
    has(&trial["censored"], "count min_age_ns");
    has(&trial["client_wait_ns"], "p50 p90 p99 max");
    has(&trial["errors"], "connect timeout reset protocol reply");
    has(&trial["histograms"], "latency censored service connect");
    has(&trial["series"][0], "t_s requests p50 p99 max");
    has(
        &trial["server"],
        "cpu_user_s cpu_system_s cpu_us_per_request pss_peak_bytes processes_peak threads_peak ctx_voluntary \
         ctx_involuntary faults workers",
    );
    has(&trial["server"]["workers"][0], "requests accepted");
    has(
        &trial["generator"],
        "threads cpu_us_per_request busy_fraction run_delay_s limited lag_ns",
    );
    has(&trial["generator"]["lag_ns"], "p50 p99 max");
    has(&trial["validity"], "verdict findings reasons");
    assert_eq!(trial["server"]["processes_peak"], 3);
    assert_eq!(cell["load"]["mode"], "closed");

    // The histogram agrees with the quantiles.
    let latency =
        rpcbench::record::histogram::decode(trial["histograms"]["latency"].as_str().unwrap())
            .unwrap();
    assert_eq!(latency.len(), trial["samples"].as_u64().unwrap());
    let p50 = trial["latency_ns"]["p50"].as_u64().unwrap();
    assert!(latency.value_at_quantile(0.5).abs_diff(p50) <= p50 / 500);
}

#[test]
fn a_file_that_is_not_a_record_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.json");
    let read_error = |text: &str| {
        fs::write(&path, text).unwrap();
        Record::read(&path).unwrap_err().to_string()
    };
    for (text, reason) in [
        ("", "EOF"),
        ("{\"schema\":\"rpcbench.record/1\",\"seed\"", "EOF"),
        ("[1,2]", "invalid type"),
        (
            "{\"schema\":\"rpcbench.record/2\"}",
            "of version \"rpcbench.record/2\"",
        ),
        ("{\"schema\":\"rpcbench.record/1\"}", "missing field"),
    ] {
        let error = read_error(text);
        assert!(
            error.contains("some.json") && error.contains(reason),
            "{text}: {error}"
        );
    }
    let missing = Record::read(&folder.path().join("none.json"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("none.json") && missing.contains("No such file"),
        "{missing}"
    );
}

#[test]
fn a_load_without_a_required_field_is_refused() {
    let cell = serde_json::to_value(cell("async", Vec::new())).unwrap();
    let read = |cell: &Value| serde_json::from_value::<Cell>(cell.clone());
    assert!(read(&cell).is_ok());
    for name in ["clients", "method", "duration_s"] {
        let mut damaged = cell.clone();
        damaged["load"].as_object_mut().unwrap().remove(name);
        let error = read(&damaged).unwrap_err().to_string();
        assert!(
            error.contains(&format!("missing field `{name}`")),
            "{error}"
        );
    }
}

#[test]
fn what_was_read_in_a_trial_is_in_the_record() {
    let record = measured(&[
        "--model",
        "async",
        "--clients",
        "4",
        "--rate",
        "500",
        "--duration",
        "500ms",
        "--warmup",
        "100ms",
    ]);
    let accounting = &record["environment"]["cpu_accounting"];
    has(
        accounting,
        "irq_time split_by_ticks steal_left_out rps threaded_napi interrupt_threads",
    );
    let trial = &record["cells"][0]["trials"][0];
    let number = |value: &Value| value.as_f64().unwrap();

    let machine = &trial["machine"];
    has(
        machine,
        "cpu_us_per_request busy_s other_processes_s interrupts_s cores read_late_ns",
    );
    let server_s =
        number(&trial["server"]["cpu_user_s"]) + number(&trial["server"]["cpu_system_s"]);
    assert!(server_s > 0.0);
    let cores = number(&machine["cores"]);
    assert!(cores >= 1.0);
    assert!(number(&machine["busy_s"]) > 0.0);
    assert!((0.0..=1.0).contains(&number(&trial["steal_share"])));

    let [from, to] = [0, 1].map(|edge| trial["window"]["monotonic_ns"][edge].as_u64().unwrap());
    assert_eq!(to - from, 500_000_000);
    // To the second: the start of the record has no fraction.
    let second = |time: &Value| time.as_str().unwrap()[..19].to_owned();
    assert!(second(&trial["window"]["utc"][0]) >= second(&record["started"]));

    let slices = &trial["slices"];
    let replies = slices["replies"].as_array().unwrap();
    assert!(
        replies.len() <= 50 && replies.len() == slices["latency_mean_ns"].as_array().unwrap().len()
    );
    let sum: u64 = replies.iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, trial["requests"].as_u64().unwrap());
    assert_eq!(slices["length_ns"].as_u64().unwrap() * 50, 500_000_000);

    let lag = trial["histograms"]["lag"].as_str().unwrap();
    let lag = rpcbench::record::histogram::decode(lag).unwrap();
    assert_eq!(
        trial["generator"]["lag_ns"]["max"],
        lag.value_at_quantile(1.0)
    );
}

#[test]
fn a_record_from_before_these_fields_can_be_read() {
    let mut old = serde_json::to_value(cell("async", vec![trial(0, 1000.0, 10.0)])).unwrap();
    let added = ["window", "slices", "machine", "steal_share"];
    for name in added {
        let fields = old["trials"][0].as_object_mut().unwrap();
        assert!(fields.remove(name).is_some(), "{name}");
    }
    let histograms = old["trials"][0]["histograms"].as_object_mut().unwrap();
    assert!(histograms.remove("lag").is_some());
    let read: Cell = serde_json::from_value(old).unwrap();
    assert_eq!(read.trials[0].machine, None);
    assert_eq!(read.trials[0].histograms.lag, "");
}
