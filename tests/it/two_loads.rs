//! Several servers at capacity and at one rate.

use rpcbench::internal::report;
use rpcbench::record::{CapacityOf, Cell, Mode, RateShare, Record};

use crate::support::{SHORT, at_rate, cell, measured, one, record, run, six, starved, text, words};

/// A cell at half of the capacity of `threaded`.
fn at_half(name: &str, times: f64) -> Cell {
    let mut cell = at_rate(cell(name, six(times)), 24_100.0);
    cell.load.rate_share = Some(RateShare {
        share: 0.5,
        of: CapacityOf::Weakest,
        contestant: "threaded".to_owned(),
        workers: None,
        capacity_rps: 48_210.0,
    });
    cell
}

/// Three servers, of which one leaves clients unserved.
fn both_loads() -> Record {
    let starving = six(0.2).into_iter().map(starved).collect();
    record(vec![
        cell("single", starving),
        cell("threaded", six(1.0)),
        cell("async", six(2.0)),
        at_half("threaded", 1.0),
        at_half("async", 1.5),
    ])
}

#[test]
fn the_first_table_has_capacity_and_one_rate() {
    insta::assert_snapshot!("two_loads_text", text(&both_loads()));
    let markdown = report::ALL
        .iter()
        .find(|format| format.name() == "markdown");
    insta::assert_snapshot!(
        "two_loads_markdown",
        markdown.unwrap().render(&both_loads())
    );
    let page = words(&one(&both_loads()).html);
    let table = page.find("Capacity and one rate").unwrap();
    assert!(table < page.find("The answer").unwrap(), "{page}");
}

#[test]
fn cpu_at_saturation_is_not_ranked() {
    let closed = record(both_loads().cells[..3].to_vec());
    let rendered = text(&closed);
    assert!(!rendered.contains("needs the least"), "{rendered}");
    assert!(rendered.contains("CPU are at saturation"), "{rendered}");
    let page = words(&one(&closed).html);
    assert!(!page.contains("needs the least"), "{page}");
}

#[test]
fn several_servers_are_measured_at_capacity_and_at_one_rate() {
    let models = ["--model", "single,threaded,async", "--clients", "4"];
    let json = measured(&[&models[..], &SHORT].concat());
    let record: Record = serde_json::from_value(json).unwrap();
    let cells = record.cells.iter();
    let names: Vec<(&str, Mode)> = cells
        .map(|cell| (cell.contestant.name.as_str(), cell.load.mode))
        .collect();
    assert_eq!(
        names,
        [
            ("single", Mode::Closed),
            ("threaded", Mode::Closed),
            ("async", Mode::Closed),
            ("threaded", Mode::Poisson),
            ("async", Mode::Poisson),
        ]
    );
    let [.., one, other] = record.cells.as_slice() else {
        panic!("five cells");
    };
    assert_eq!(one.load, other.load);
    let derived = one.load.rate_share.clone().unwrap();
    let serving = record
        .pilots
        .iter()
        .filter(|pilot| pilot.clients_unserved == 0);
    let weakest = serving
        .min_by(|a, b| a.throughput_rps.total_cmp(&b.throughput_rps))
        .unwrap();
    assert_eq!(
        (&derived.contestant, derived.capacity_rps),
        (&weakest.contestant, weakest.throughput_rps)
    );
    let rate_rps = one.load.rate_rps.unwrap();
    let half = 0.5 * weakest.throughput_rps;
    assert!((rate_rps / half - 1.0).abs() < 0.01, "{rate_rps} of {half}");
    assert_eq!(
        record.left_out,
        ["at one rate: servers that left clients unserved in their pilots (single served 1 of 4)"]
    );
}

#[test]
fn one_server_is_measured_at_one_rate_only_if_that_is_asked() {
    let trials = |arguments: &[&str]| {
        let output = run(&[&["--model", "async", "--plan"][..], arguments].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(trials(&[]).lines().count(), 2);
    let both = trials(&["--share", "70%"]);
    assert_eq!(both.lines().count(), 3, "{both}");
    assert!(
        both.contains("at 70 % of the capacity of the weakest"),
        "{both}"
    );
    // Clients that wait between requests have no capacity.
    let think = run(&["--model", "async,threaded", "--think", "5ms", "--plan"]);
    assert_eq!(String::from_utf8(think.stdout).unwrap().lines().count(), 3);
    for wrong in ["0%", "101%", "half", "50%x"] {
        let output = run(&["--model", "async", "--share", wrong, "--plan"]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}
