//! The self-test: its results as text and JSON, where they are kept, and where they are shown.
//! Injected faults are in `tests/injected`.

use rpcbench::internal::measure::environment;
use rpcbench::internal::report::Source;
use rpcbench::internal::report::html::page::page;
use rpcbench::internal::report::selftest::{json, text};
use rpcbench::internal::selftest::{Length, Reading, checks, verdict};
use rpcbench::record::{Record, SelftestCheck, SelftestResult};
use serde_json::Value;

use crate::support::{cell, record, rpcbench, run, trial};

/// The result of a check with this reading.
fn result(name: &str, truth: f64, tolerance: f64, measured: &[Option<f64>]) -> SelftestCheck {
    let reading = |measured: &Option<f64>| Reading {
        truth,
        measured: *measured,
        tolerance,
    };
    let tries: Vec<Reading> = measured.iter().map(reading).collect();
    verdict(checks::find(name).unwrap(), &tries)
}

fn results() -> Vec<SelftestCheck> {
    vec![
        result("fixed-time", 2000.0, 200.0, &[Some(2041.3)]),
        result("stalls", 50.0, 4.0, &[Some(4.0), Some(0.1), Some(3.0)]),
        result("md1", 0.93, 0.1, &[Some(1.5), Some(0.98), Some(0.97)]),
        result("rate-not-kept", 200.0, 5.0, &[None, None, None]),
    ]
}

fn kept() -> SelftestResult {
    SelftestResult {
        schema: SelftestResult::SCHEMA.to_owned(),
        time: "2026-01-31T12:00:00Z".to_owned(),
        quick: true,
        tool: environment::tool(),
        environment: environment::machine(),
        checks: results(),
    }
}

#[test]
fn names_of_checks_are_stable() {
    let names: Vec<&str> = checks::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(
        names,
        [
            "fixed-time",
            "stalls",
            "md1",
            "rate-not-kept",
            "planned-gaps",
            "received-gaps",
            "dropped-replies",
            "wrong-replies",
            "spin-cpu",
            "short-children",
            "shared-memory",
        ]
    );
}

#[test]
fn a_check_without_its_trials_fails() {
    for check in checks::ALL {
        let expects_trials = !check.trials(Length::Quick).is_empty();
        assert_ne!(check.judge(&[]).is_ok(), expects_trials, "{}", check.name());
    }
}

#[test]
fn the_text_names_what_cannot_be_trusted() {
    let shown = text(&results(), 4);
    insta::assert_snapshot!("selftest_text", anstream::adapter::strip_str(&shown));
    let passed = text(&results()[..1], 1);
    assert!(passed.contains("1 check passed"), "{passed}");
    let ended = text(&results()[..1], 11);
    assert!(
        ended.contains("1 of 11 checks were run, 0 failed"),
        "{ended}"
    );
}

#[test]
fn the_json_has_the_fields_that_scripts_use() {
    let document: Value = serde_json::from_str(&json(&results()).unwrap()).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&document), ["checks"]);
    let check = &document["checks"][3];
    for field in ["name", "truth", "measured", "tolerance", "ok"] {
        assert!(check.get(field).is_some(), "{field}");
    }
    assert_eq!(check["name"], "rate-not-kept");
    assert_eq!(check["measured"], Value::Null);
    assert_eq!(check["ok"], false);
    assert_eq!(document["checks"][2]["ok"], true);
}

#[test]
fn the_last_result_of_this_machine_and_build_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (tool, machine) = (environment::tool(), environment::machine());
    assert_eq!(SelftestResult::last(folder.path(), &tool, &machine), None);
    let path = kept().save(folder.path()).unwrap();
    assert_eq!(
        SelftestResult::last(folder.path(), &tool, &machine),
        Some(kept())
    );
    let mut other = tool.clone();
    other.rustc = "rustc 1.0.0".to_owned();
    assert_eq!(SelftestResult::last(folder.path(), &other, &machine), None);
    let mut other = machine.clone();
    other.cpus += 1;
    assert_eq!(SelftestResult::last(folder.path(), &tool, &other), None);
    std::fs::write(path, "{").unwrap();
    assert_eq!(SelftestResult::last(folder.path(), &tool, &machine), None);
}

#[test]
fn a_record_and_its_page_name_the_last_result() {
    let mut record = record(vec![cell("async", vec![trial(0, 1000.0, 9.0)])]);
    let before = serde_json::to_value(&record).unwrap();
    record.environment.selftest = Some(kept().summary());
    let value = serde_json::to_value(&record).unwrap();
    let named = &value["environment"]["selftest"];
    assert_eq!(named["passed"], 2);
    assert_eq!(
        named["failed"],
        serde_json::json!(["stalls", "rate-not-kept"])
    );
    let page = page(&[Source {
        label: "run".to_owned(),
        record: &record,
    }]);
    assert!(page.html.contains("2 of 4 checks passed"));
    assert!(page.html.contains("stalls, rate-not-kept"));
    // A record from before has no such field.
    let mut old = before;
    old["environment"]
        .as_object_mut()
        .unwrap()
        .remove("selftest");
    let old = Record::parse(&old.to_string()).unwrap();
    assert_eq!(old.environment.selftest, None);
}

#[test]
fn a_wrong_option_is_refused() {
    let output = rpcbench()
        .args(["selftest", "--format", "csv"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let help = run(&["selftest", "--help"]).stdout;
    assert!(String::from_utf8(help).unwrap().contains("--quick"));
}
