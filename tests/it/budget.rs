//! `--budget`: rounds that are added while an order is undecided.

use rpcbench::internal::findings::ranking::is_undecided;
use rpcbench::internal::findings::{Summary, sentences::closing};
use rpcbench::record::{Cell, Record, RoundsRule};

use crate::support::{SHORT, at_rate, cell, measured, six};

/// A cell at one rate with this number of rounds, whose CPU per request is `times` as high as in
/// `six`, give or take 2 %.
fn rounds(name: &str, number: usize, times: f64) -> Cell {
    let mut cell = at_rate(cell(name, six(1.0)), 9000.0);
    cell.rounds = RoundsRule::UntilDecided;
    let of_six = std::mem::take(&mut cell.trials);
    for round in 0..number {
        let mut trial = of_six[round % of_six.len()].clone();
        trial.round = round;
        let noise = 1.0 + 0.02 * ((round * 7 % 5) as f64 - 2.0) / 2.0;
        let cpu_us = trial.server.cpu_us_per_request.as_mut().unwrap();
        *cpu_us *= times * noise;
        cell.trials.push(trial);
    }
    cell
}

/// The sentence about CPU per request, and whether an order is undecided.
fn compared(number: usize, times: f64) -> (String, bool) {
    let cells = [
        rounds("threaded", number, times),
        rounds("async", number, 1.0),
    ];
    let summaries: Vec<Summary<'_>> = cells.iter().filter_map(Summary::of).collect();
    let first = closing(&summaries).swap_remove(0);
    (first, is_undecided(&summaries))
}

#[test]
fn an_order_takes_more_rounds_and_then_stands() {
    let (sentence, is_undecided) = compared(6, 1.4);
    let few =
        "async needs the least, not distinguishable from threaded (too few rounds for a bound)";
    assert!(sentence.contains(few) && is_undecided, "{sentence}");
    let (sentence, is_undecided) = compared(30, 1.4);
    let order = "async needs the least; threaded needs 1.40× (1.";
    assert!(sentence.contains(order), "{sentence}");
    // p50 is the same in all rounds: a difference that small is not worth more of them.
    assert!(!is_undecided);
}

#[test]
fn rounds_are_added_within_the_budget() {
    let models = [
        "--model",
        "threaded,async",
        "--clients",
        "4",
        "--trials",
        "1",
    ];
    let json = measured(&[&models[..], &["--budget", "8s"], &SHORT].concat());
    assert_eq!(json["cells"][0]["rounds"], "until-decided");
    let record: Record = serde_json::from_value(json).unwrap();
    assert_eq!(record.cells.len(), 4);
    assert!(!record.interrupted);
    let numbers: Vec<usize> = record.cells.iter().map(|cell| cell.trials.len()).collect();
    assert!(numbers.iter().any(|number| *number > 1), "{numbers:?}");
    // A round is complete or not begun.
    assert_eq!([numbers[0], numbers[2]], [numbers[1], numbers[3]]);
    let mut orders: Vec<usize> = record
        .cells
        .iter()
        .flat_map(|cell| cell.trials.iter().map(|trial| trial.order))
        .collect();
    orders.sort_unstable();
    assert_eq!(orders, (0..orders.len()).collect::<Vec<_>>());
}
