//! Scenarios and suites: their files, their cases, and the options refused together with them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rpcbench::internal::scenario::catalogue::ALL;
use rpcbench::internal::scenario::suite::SUITES;
use rpcbench::internal::scenario::{Scenario, Suite};
use rpcbench::record::{Close, LoadSpec, WriteMode};
use serde_json::Value;

use crate::support::{measured, run};

pub(crate) const SHORT: [&str; 6] = ["--duration", "250ms", "--warmup", "50ms", "--seed", "5"];

fn names_in(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap();
    let stems = files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned());
    let mut names: Vec<String> = stems.map(|stem| stem.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_file_is_in_the_binary_and_valid() {
    let mut known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    for name in &known {
        Scenario::find(name).unwrap();
    }
    known.sort_unstable();
    assert_eq!(names_in("bench/scenarios"), known);
    let mut suites: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
    for name in &suites {
        assert!(!Suite::find(name).unwrap().entries.is_empty(), "{name}");
    }
    suites.sort_unstable();
    assert_eq!(names_in("bench/suites"), suites);
    let full = Suite::find("full").unwrap();
    let all: Vec<&str> = full
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(all, ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn the_list() {
    let output = run(&["scenarios"]);
    insta::assert_snapshot!("list", String::from_utf8(output.stdout).unwrap());
    let churn = run(&["scenarios", "churn"]);
    let (_, file) = ALL.iter().find(|(name, _)| *name == "churn").unwrap();
    assert_eq!(String::from_utf8(churn.stdout).unwrap(), *file);
}

#[test]
fn a_file_may_set_every_load_option_and_its_settings_precede_the_defaults() {
    let text = "about = \"x\"\nreads = \"y\"\nclients = [3]\ntimeout = \"2s\"\nclose = \"reset\"\n\
        client_cpus = \"0\"\nwire = \"article\"\nthink_s = 0.5\n";
    let scenario = Scenario::parse("mine", "mine.toml", text).unwrap();
    let defaults = LoadSpec {
        timeout: Duration::from_secs(7),
        connect_timeout: Duration::from_secs(4),
        ..LoadSpec::default()
    };
    let loads = scenario.cases(&defaults).unwrap();
    let expected = LoadSpec {
        clients: 3,
        duration: Duration::from_secs(1),
        warmup: Duration::from_millis(300),
        timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(4),
        think: Duration::from_millis(500),
        client_cpus: Some("0".parse().unwrap()),
        close: Close::Reset,
        write_mode: WriteMode::Split,
        ..LoadSpec::default()
    };
    assert_eq!(loads[0].load, expected);

    // A setting that is the default precedes another default too.
    let text = "about = \"x\"\nreads = \"y\"\nclients = [3]\nwrite_mode = \"default\"\ntimeout = \"10s\"\n";
    let scenario = Scenario::parse("mine", "mine.toml", text).unwrap();
    let defaults = LoadSpec {
        timeout: Duration::from_secs(7),
        write_mode: WriteMode::Split,
        ..LoadSpec::default()
    };
    let load = scenario.cases(&defaults).unwrap().remove(0).load;
    assert_eq!(load.timeout, Duration::from_secs(10));
    assert_eq!(load.write_mode, WriteMode::Default);
}

#[test]
fn options_of_the_command_line_precede_the_settings_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "about = \"x\"\nreads = \"y\"\nclients = [2]\ntimeout = \"2s\"\nclose = \"reset\"\n";
    fs::write(&file, text).unwrap();
    let scenario = ["--scenario", file.to_str().unwrap()];
    let model = ["--model", "async", "--trials", "1"];
    let given = ["--timeout", "3s"];
    let record = measured(&[&scenario[..], &model, &given, &SHORT].concat());
    let load = &record["cells"][0]["load"];
    assert_eq!(
        (&load["timeout_s"], &load["close"]),
        (&3.0.into(), &"reset".into())
    );

    fs::write(&file, format!("{text}client_cpus = \"999\"\n")).unwrap();
    let refused = run(&[&scenario[..], &model, &SHORT].concat());
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.contains("client_cpus 999: this process may not use core 999"),
        "{message}"
    );
}

#[test]
fn errors_in_a_file_name_their_line() {
    let head = "about = \"x\"\nreads = \"y\"\nclients = [1]\n";
    let errors = [
        ("clientz = [1]\n", "line 4: unknown field `clientz`"),
        (
            "[open]\nrates = [1]\nrate = 2\n",
            "line 6: unknown field `rate`",
        ),
        (
            "duration = \"3 weeks\"\n",
            "line 4: \"3 weeks\" is not a duration",
        ),
        ("method = 3\n", "line 4: invalid type"),
        ("idle = \n", "line 4"),
        ("mode = \"poisson\"\n", "line 4: unknown field `mode`"),
        ("close = \"rst\"\n", "line 4: unknown variant `rst`"),
        ("pipeline = 0\n", "pipeline: must be more than 0"),
        ("think = \"1ms\"\nthink_s = 1\n", "duplicate field"),
        ("think_s = 1e9\n", "think: must be at most 1h"),
        ("timeout_s = 0\n", "timeout: must be more than 0"),
        ("assign = \"free\"\n", "assign: only an open loop"),
        (
            "[open]\nshares = [0.5]\n",
            "open: give either rates, or shares together with of (weakest or strongest)",
        ),
        ("[open]\nrates = [0.0]\n", "open: a rate of 0"),
        (
            "think = \"1ms\"\n[open]\nrates = [1]\n",
            "think: clients of an open loop",
        ),
        ("payload = 3\n", "payload: a ping carries at least 16 bytes"),
        (
            "payload = 1000000000000\n",
            "payload: 1000000000000 is over",
        ),
        ("pipeline = 20000\n", "pipeline: 20000 is over 10000"),
        ("idle = 20000000\n", "idle: 20000000 is over"),
        ("method = \"spin\"\n", "params: method spin needs params"),
        ("handler = \"cpu=5\"\n", "handler: cpu=5: 5 has no unit"),
        (
            "handler = \"cpu=5ms\"\nparams = 1\n",
            "handler: it sets method and params",
        ),
        (
            "[open]\nrates = [1]\nskew = { clients = 2.0, requests = 0.5 }\n",
            "open.skew: clients and requests are shares",
        ),
        (
            "[open]\nrates = [1]\nthen = { after = 2.0, rate = 1.0 }\n",
            "open.then: after is a fraction of the window",
        ),
    ];
    for (text, expected) in errors {
        let error = Scenario::parse("mine", "mine.toml", &format!("{head}{text}")).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("cannot read mine.toml as a scenario: "),
            "{message}"
        );
        assert!(message.contains(expected), "{text}: {message}");
    }
    let error = Suite::parse(
        "mine",
        "mine.toml",
        "about = \"x\"\ntrials = 0\nscenario = []\n",
    );
    assert!(error.unwrap_err().to_string().contains("line 2"), "trials");
    let head = "about = \"x\"\ntrials = 1\n";
    for (text, expected) in [
        ("scenario = []\n", "scenario: name at least one"),
        (
            "[[scenario]]\nname = \"echo\"\nclients = []\n",
            "echo: clients: name at least one",
        ),
        (
            "[[scenario]]\nname = \"ecko\"\n",
            "unknown scenario \"ecko\"",
        ),
    ] {
        let error = Suite::parse("mine", "mine.toml", &format!("{head}{text}"));
        let message = error.unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn a_users_scenario_file_is_measured_and_named_in_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "about = \"two of mine\"\nreads = \"nothing\"\nclients = [2, 3]\nmethod = \"sleep\"\nparams = 1\n";
    fs::write(&file, text).unwrap();
    let arguments = [
        "--scenario",
        file.to_str().unwrap(),
        "--model",
        "async",
        "--trials",
        "1",
    ];
    let record = measured(&[&arguments[..], &SHORT].concat());
    assert_eq!(record["scenarios"][0]["about"], "two of mine");
    let cells = record["cells"].as_array().unwrap();
    let clients: Vec<&Value> = cells.iter().map(|cell| &cell["load"]["clients"]).collect();
    assert_eq!(clients, [2, 3]);
    assert!(cells.iter().all(|cell| cell["scenario"] == "mine"));
    assert!(cells.iter().all(|cell| cell["load"]["method"] == "sleep"));
}

#[test]
fn a_ladder_takes_its_rates_from_the_slowest_server_that_serves_all_clients() {
    let arguments = [
        "--scenario",
        "ladder",
        "--model",
        "single,threaded,async",
        "--trials",
        "1",
    ];
    let record = measured(&[&arguments[..], &SHORT].concat());
    let pilots = record["pilots"].as_array().unwrap();
    let serving_all = pilots.iter().filter(|pilot| pilot["clients_unserved"] == 0);
    let capacities: Vec<f64> = serving_all
        .map(|pilot| pilot["throughput_rps"].as_f64().unwrap())
        .collect();
    assert_eq!(
        (pilots.len(), capacities.len()),
        (3, 2),
        "single serves one of 64 clients"
    );
    let slowest = capacities.iter().copied().fold(f64::INFINITY, f64::min);
    let rates_of = |name: &str| -> Vec<f64> {
        let cells = record["cells"].as_array().unwrap().iter();
        let cells_of_server = cells.filter(|cell| cell["contestant"]["name"] == name);
        cells_of_server
            .map(|cell| cell["load"]["rate_rps"].as_f64().unwrap())
            .collect()
    };
    let rates = rates_of("async");
    assert_eq!(rates_of("single"), rates);
    assert_eq!(rates_of("threaded"), rates);
    for (rate, share) in rates.iter().zip([0.10, 0.25, 0.50, 0.70, 0.85]) {
        // Rounded to three digits.
        assert!(
            (rate / (share * slowest) - 1.0).abs() < 0.006,
            "{rate} of {slowest}"
        );
    }
}

#[test]
fn a_ladder_is_left_out_with_a_note_if_no_server_serves_all_clients() {
    let arguments = [
        "--scenario",
        "ladder,echo",
        "--model",
        "single",
        "--trials",
        "1",
        "--no-save",
    ];
    let output = run(&[&arguments[..], &SHORT].concat());
    let text = String::from_utf8(output.stdout)
        .unwrap()
        .replace("\n  ", " ");
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.contains("Left out: ladder: no server serves all 64 clients"),
        "{text}"
    );
    assert!(text.contains("1 of 64 clients served"), "{text}");
}

#[test]
fn servers_of_a_scenario_are_measured_one_after_the_other() {
    let output = run(&["--suite", "quick", "--seed", "3", "--plan"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 216, "{text}");
    let scenario = |row: &str| {
        row.split(':')
            .next()
            .unwrap()
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    };
    let blocks: Vec<String> = rows.chunks(6).map(|block| scenario(block[0])).collect();
    for (rows, name) in rows.chunks(6).zip(&blocks) {
        assert!(rows.iter().all(|row| scenario(row) == *name), "{rows:#?}");
    }
    let mut first: Vec<String> = blocks[..6].to_vec();
    first.sort();
    let both_loads = ["churn", "churn", "cpu", "cpu", "echo", "echo"];
    assert_eq!(first, both_loads, "each load once per round");
    assert!(
        blocks.chunks(6).any(|round| round != &blocks[..6]),
        "shuffled"
    );
}

#[test]
fn options_that_a_scenario_sets_are_refused_with_it() {
    for (one, other) in [
        ("--rate", "5"),
        ("--method", "pi"),
        ("--handler", "cpu=1ms"),
        ("--idle", "3"),
        ("--slo", "p99<1ms"),
    ] {
        for of in [["--scenario", "echo"], ["--suite", "quick"]] {
            let output = run(&[&of[..], &[one, other]].concat());
            assert_eq!(output.status.code(), Some(2), "{of:?} {one}");
        }
    }
    let output = run(&["--scenario", "echo,echo", "--plan"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("single with 64 clients of echo is requested twice"),
        "{message}"
    );
    for flag in ["--workers=3", "--model=async", "--timeout=1s"] {
        let output = run(&["--resume", "none.json", flag]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains("cannot be used with --resume"),
            "{message}"
        );
    }
    let output = run(&["--scenario", "ecko", "--plan"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("unknown scenario \"ecko\": choose one of echo, churn,"),
        "{message}"
    );
}
