//! Rankings: which server the page ranks first, and what it states about servers without a rank.

use std::time::Duration;

use crate::support::{at_rate, cell, of_scenario, one, record, six, words};
use rpcbench::record::{Overload, RateChange, Record};

/// An overload in which `threaded` recovers in four of six rounds and `async` in two.
fn overloaded() -> Record {
    let recovers = |recovered: [Option<f64>; 6], goodput_rps: f64| {
        let mut trials = six(1.0);
        for (trial, recovered_s) in trials.iter_mut().zip(recovered) {
            trial.overload = Some(Overload {
                goodput_rps,
                recovered_s,
            });
        }
        trials
    };
    let mostly = [Some(0.1), Some(0.2), Some(0.3), Some(1.1), None, None];
    let rarely = [None, None, None, None, Some(0.1), Some(0.1)];
    let load = |name: &str, trials| {
        let mut cell = at_rate(of_scenario(cell(name, trials), "overload", 8, 100), 9000.0);
        cell.load.then = Some(RateChange {
            after: Duration::from_millis(500),
            rate_rps: 900.0,
        });
        cell
    };
    record(vec![
        load("threaded", recovers(mostly, 9000.0)),
        load("async", recovers(rarely, 4000.0)),
    ])
}

#[test]
fn an_overload_is_reported_by_goodput_and_recovery_without_quantiles() {
    let page = one(&overloaded());
    let text = words(&page.html);
    assert!(
        text.contains(
            "Goodput under overload: threaded serves the most; 2.25× (2.25 to 2.25) that of async."
        ),
        "{text}"
    );
    // A round without recovery counts as longer than every round with one.
    assert!(
        text.contains("Time to drain the backlog after the rate fell: threaded 0.70 s, async not within the window."),
        "{text}"
    );
    for (name, _) in &page.pictures {
        assert!(
            !name.starts_with("percentiles") && !name.contains("p99"),
            "{name}"
        );
    }
    assert!(
        page.pictures
            .iter()
            .any(|(name, _)| name == "time-replies-overload.svg")
    );
}

#[test]
fn no_server_ranks_first_below_another_servers_lower_bound() {
    let limited = |times: f64| {
        let mut trials = six(times);
        trials
            .iter_mut()
            .for_each(|trial| trial.generator.limited = true);
        cell("async", trials)
    };
    let others = || vec![cell("threaded", six(1.0)), cell("forking", six(0.5))];
    let page_text = |times: f64| {
        let mut cells = others();
        cells.push(limited(times));
        words(&one(&record(cells)).html)
    };
    assert!(!page_text(1.2).contains("serves the most"));
    let below = page_text(0.8);
    let expected =
        "Throughput, among servers that the generator did not limit: threaded serves the most";
    assert!(below.contains(expected), "{below}");
}

#[test]
fn a_server_with_an_unknown_figure_in_a_round_is_not_ranked() {
    let mut nothing = six(3.0);
    nothing[2].server.cpu_us_per_request = Some(0.0);
    let record = record(vec![
        at_rate(cell("threaded", six(1.0)), 9000.0),
        at_rate(cell("async", nothing), 9000.0),
        at_rate(cell("forking", six(2.0)), 9000.0),
    ]);
    let text = words(&one(&record).html);
    assert!(
        text.contains("Server CPU per request: forking needs the least; threaded needs"),
        "{text}"
    );
    assert!(text.contains("not known in every round"), "{text}");
}
