//! The first line of a report: what is valid, who was served, what limits the figures.

use rpcbench::internal::findings::{Headline, headline, no_client_was_served};
use rpcbench::record::{Cell, NoReplyCause, Trial, ValidityFinding};

use crate::support::{cell, record, six, starved, suspect, trial};

#[track_caller]
fn first(cells: Vec<Cell>) -> Headline {
    headline(&record(cells)).expect("a record with trials has a first line")
}

#[track_caller]
fn says(cells: Vec<Cell>, expected: &str) {
    let first = first(cells);
    assert_eq!(first.text, expected);
    assert_eq!(first.is_good, expected.starts_with("OK: "));
}

fn with(finding: ValidityFinding, mut trials: Vec<Trial>) -> Vec<Trial> {
    trials[0].validity = suspect(vec![finding]);
    trials
}

fn unserved(cause: NoReplyCause) -> Trial {
    let mut trial = trial(0, 0.0, 1.0);
    (trial.clients_served, trial.clients_unserved) = (0, 64);
    trial.validity = suspect(vec![ValidityFinding::NoReplies { cause }]);
    trial
}

#[test]
fn what_is_good_is_said_first() {
    let two = || vec![cell("threaded", six(1.0)), cell("async", six(2.0))];
    says(
        two(),
        "OK: 12 trials, all valid; all 2 servers served all clients, no errors.",
    );
    says(
        vec![cell("async", six(2.0))],
        "OK: 64 of 64 clients served in each of 6 trials, no errors.",
    );
    let mut other_load = cell("async", six(2.0));
    other_load.load.clients = 8;
    says(
        vec![cell("async", six(2.0)), other_load],
        "OK: 12 trials, all valid; all clients were served, no errors.",
    );
    let mut failing = two();
    failing[0].trials[0].errors.reset = 3;
    says(
        failing,
        "OK: 12 trials, all valid; all 2 servers served all clients, 3 errors (3 reset).",
    );
}

#[test]
fn servers_that_left_clients_unserved_are_named() {
    let starved: Vec<Trial> = six(0.2).into_iter().map(starved).collect();
    says(
        vec![cell("single", starved.clone()), cell("async", six(2.0))],
        "12 trials, all valid; 1 of 2 servers served all clients; single served 1 of 64.",
    );
    says(
        vec![cell("single", starved[..1].to_vec())],
        "1 of 64 clients served; the others got no reply in the window.",
    );
}

#[test]
fn a_doubt_begins_the_line() {
    says(
        vec![cell(
            "async",
            with(ValidityFinding::UncleanStop {}, six(2.0)),
        )],
        "Suspect in 1 of 6 trials: the server did not stop cleanly. \
         64 of 64 clients served in each of 6 trials, no errors.",
    );
    let invalid = [unserved(NoReplyCause::Late)]
        .into_iter()
        .chain(six(1.0))
        .collect();
    let suspect = with(ValidityFinding::DebugBuild {}, six(2.0));
    says(
        vec![cell("single", invalid), cell("async", suspect)],
        "Invalid in 1 of 13 trials (single): no correct reply. 1 other trial is suspect. \
         1 of 2 servers served all clients; single served 0 of 64.",
    );
}

#[test]
fn where_no_client_was_served_the_causes_are_said() {
    let unserved_only = vec![cell("a", vec![unserved(NoReplyCause::Closed)])];
    assert!(no_client_was_served(&record(unserved_only.clone())));
    says(
        unserved_only.clone(),
        "Invalid: no client was served: the server closed each connection without a reply: \
         does it speak this protocol (4-byte little-endian length, then JSON)?",
    );
    let refused = cell("b", vec![unserved(NoReplyCause::ConnectRefused)]);
    let text = first([&unserved_only[..], &[refused]].concat()).text;
    assert!(text.contains("a: the server closed") && text.contains("; b: the server refused"));
    let served = [&unserved_only[..], &[cell("async", six(1.0))]].concat();
    assert!(!no_client_was_served(&record(served)));
    assert!(
        !no_client_was_served(&record(Vec::new())),
        "nothing was measured"
    );
    assert_eq!(headline(&record(Vec::new())), None);
}
