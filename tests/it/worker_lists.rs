//! `--workers 2,8`: servers of one name that differ in their workers only.

use rpcbench::internal::report;
use rpcbench::record::{Cell, Record};

use crate::support::{cell, one, record, run, six, text, words};

/// A server of this name with this number of workers.
fn with_workers(name: &str, workers: usize, times: f64) -> Cell {
    let mut cell = cell(name, six(times));
    cell.contestant.options.workers = Some(workers);
    cell
}

fn list() -> Record {
    record(vec![
        with_workers("preforking", 2, 1.0),
        with_workers("preforking", 8, 2.0),
        with_workers("preforking-async", 2, 1.5),
    ])
}

fn rendered(name: &str, record: &Record) -> String {
    let format = report::ALL.iter().find(|format| format.name() == name);
    format.unwrap().render(record)
}

#[test]
fn each_number_of_workers_is_a_server_with_a_label() {
    let record = list();
    for report in [
        text(&record),
        rendered("markdown", &record),
        rendered("csv", &record),
        words(&one(&record).html),
    ] {
        for label in ["preforking (2 workers)", "preforking (8 workers)"] {
            assert!(report.contains(label), "{label}: {report}");
        }
        assert!(!report.contains("preforking-async ("), "{report}");
    }
    let text = text(&record);
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words.join(" ").contains(
            "Throughput: preforking (8 workers) serves the most; 1.33× (1.28 to 1.39) that of preforking-async"
        ),
        "{text}"
    );
    assert!(!rendered("json", &record).contains(" workers)"));
}

#[test]
fn one_number_of_workers_needs_no_label() {
    let mut record = list();
    record.cells.remove(1);
    assert!(!text(&record).contains("workers)"));
}

#[test]
fn a_list_is_planned_as_several_servers() {
    let plan = |workers: &str| {
        let models = [
            "--model",
            "async,preforking",
            "--workers",
            workers,
            "--plan",
        ];
        let output = run(&[&models[..], &["--seed", "1"]].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let several = plan("2,8");
    assert!(several.starts_with("6 trials"), "{several}");
    for server in [
        "preforking (2 workers), ",
        "preforking (8 workers), ",
        "  async, ",
    ] {
        assert!(several.contains(server), "{several}");
    }
    assert!(!plan("8").contains("workers)"));
    let output = run(&["--model", "preforking", "--workers", "8,8", "--plan"]);
    let fault = String::from_utf8(output.stderr).unwrap();
    assert!(fault.contains("requested twice"), "{fault}");
}
