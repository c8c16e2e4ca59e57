//! Reports of fixed records.

use rpcbench::internal::report;
use rpcbench::record::{
    Cell, Censored, Close, Mode, NoReplyCause, Quantiles, Record, ValidityFinding, WorkerSide,
    WriteMode,
};

use crate::support::{at_rate, cell, record, six, starved, suspect, text, trial};

fn format(name: &str, record: &Record) -> String {
    report::ALL
        .iter()
        .find(|format| format.name() == name)
        .unwrap()
        .render(record)
}

/// Two models that differ, two that do not, one with starved clients, one limited by the generator.
fn comparison() -> Record {
    let mut limited = six(2.1);
    for trial in &mut limited {
        trial.generator.limited = true;
        trial.validity = suspect(vec![ValidityFinding::GeneratorLimited {
            busy_share: 0.97,
            waited_share: 0.0,
            threads: 1,
            cores: 2,
        }]);
    }
    let mut slow = six(1.0);
    slow[2].validity = suspect(vec![ValidityFinding::HypervisorSteal {
        stolen_share: 0.12,
    }]);
    record(vec![
        cell("single", six(0.2).into_iter().map(starved).collect()),
        cell("threaded", slow),
        cell("forking", six(1.004)),
        cell("async", six(2.0)),
        cell("preforking-async", limited),
    ])
}

#[test]
fn a_comparison() {
    insta::assert_snapshot!("comparison_text", text(&comparison()));
    insta::assert_snapshot!("comparison_markdown", format("markdown", &comparison()));
}

#[test]
fn the_details_of_one_server() {
    let mut one = trial(0, 51_234.0, 9.87);
    one.censored = Censored {
        count: 300,
        min_age_ns: 400_000_000,
    };
    one.exact_below = 0.995;
    one.latency_ns.p99_9 = Some(400_000_000);
    one.latency_ns.max = Some(1_500_000_000);
    one.errors.timeout = 300;
    one.server.faults = Some(2);
    one.server.workers = Some(vec![
        WorkerSide {
            requests: 30_000,
            accepted: 40,
        },
        WorkerSide {
            requests: 21_234,
            accepted: 24,
        },
    ]);
    one.validity = suspect(vec![ValidityFinding::Failures {
        errors: one.errors.clone(),
        samples: one.samples,
        first_wrong: None,
    }]);
    let mut cell = cell("preforking-async", vec![one]);
    cell.contestant.options.workers = Some(2);
    cell.contestant.options.accept = Some("reuseport".to_owned());
    insta::assert_snapshot!("one_text", text(&record(vec![cell])));
}

#[test]
fn the_details_of_an_open_loop() {
    let mut open = trial(0, 131_000.0, 8.0);
    open.offered_rps = Some(200_100.0);
    open.planned = Some(200_100);
    open.backlog_growth = Some(69_100);
    open.service_ns.p50 = Some(150_000);
    open.service_ns.p99 = Some(900_000);
    open.generator.lag_ns.p50 = Some(9_000);
    open.generator.lag_ns.p99 = Some(80_000);
    open.validity = suspect(vec![ValidityFinding::OverCapacity {
        offered_rps: 200_100.0,
        achieved_rps: 131_000.0,
    }]);
    let mut cell = cell("async", vec![open]);
    cell.load.mode = Mode::Poisson;
    cell.load.rate_rps = Some(200_000.0);
    insta::assert_snapshot!("open_text", text(&record(vec![cell])));
}

#[test]
fn a_generator_at_its_limit_is_a_note_beside_the_throughput() {
    let mut limited = trial(0, 166_932.0, 5.86);
    limited.generator.limited = true;
    limited.validity = suspect(vec![ValidityFinding::GeneratorLimited {
        busy_share: 0.96,
        waited_share: 0.0,
        threads: 1,
        cores: 2,
    }]);
    let rendered = text(&record(vec![cell("async", vec![limited])]));
    assert!(!rendered.contains("Suspect"), "{rendered}");
    insta::assert_snapshot!("limited_text", rendered);
}

#[test]
fn starved_clients() {
    insta::assert_snapshot!(
        "starved_text",
        text(&record(vec![cell(
            "single",
            vec![starved(trial(0, 8000.0, 50.0))]
        )]))
    );
}

#[test]
fn a_long_command_does_not_widen_the_table() {
    let long = "python3 examples/python/threaded.py {port} --with many --more options";
    let cells = vec![cell(long, six(1.0)), cell("preforking-async", six(2.0))];
    assert!(text(&record(cells)).contains("python3 examples/…"));
}

#[test]
fn few_rounds_give_no_ranking() {
    let few = |times| six(times).into_iter().take(3).collect();
    let rendered = text(&record(vec![
        cell("threaded", few(1.0)),
        cell("async", few(2.0)),
    ]));
    assert!(
        rendered.contains("3 rounds are too few to rank"),
        "{rendered}"
    );
    assert!(!rendered.contains("95 %"), "{rendered}");
}

#[test]
fn differences_within_noise_are_not_distinguishable() {
    let noise = [1.07, 0.95, 1.02, 0.93, 1.05, 0.99];
    let mut noisy = six(1.01);
    for (trial, noise) in noisy.iter_mut().zip(noise) {
        trial.server.cpu_us_per_request = trial.server.cpu_us_per_request.map(|cpu| cpu * noise);
    }
    let rendered = text(&record(vec![
        at_rate(cell("threaded", six(1.0)), 9000.0),
        at_rate(cell("async", noisy), 9000.0),
    ]));
    let rendered = rendered.replace('\n', " ");
    assert!(
        rendered.contains("needs the least, not distinguishable from"),
        "{rendered}"
    );
}

#[test]
fn figures_that_differ_too_much_between_rounds_have_no_order() {
    let mut wild = six(1.0);
    for (trial, noise) in wild.iter_mut().zip([30.0, 0.02, 40.0, 0.1, 9.0, 0.03]) {
        trial.server.cpu_us_per_request = trial.server.cpu_us_per_request.map(|cpu| cpu * noise);
    }
    let rendered = text(&record(vec![
        at_rate(cell("threaded", six(1.0)), 9000.0),
        at_rate(cell("async", wild), 9000.0),
    ]));
    let rendered = rendered.replace("\n  ", " ");
    // Student's t: the standard deviation of the log ratios is 3.546, the quantile for 5 degrees
    // of freedom and three measures 3.534, so half of the interval is 5.12 = ln(167).
    let sentence = "Server CPU per request: no order, since it differs too much between rounds: \
                    only differences of over 167× could be shown.";
    assert!(rendered.contains(sentence), "{rendered}");
}

#[test]
fn clients_with_late_or_wrong_replies_are_not_called_starved() {
    let mut late = trial(0, 0.0, 1.0);
    late.clients_served = 0;
    late.clients_unserved = 64;
    let rendered = text(&record(vec![cell("async", vec![late.clone()])]));
    assert!(
        rendered.contains("0 of 64 clients served") && !rendered.contains("starved"),
        "{rendered}"
    );
    late.validity = suspect(vec![ValidityFinding::NoReplies {
        cause: NoReplyCause::Closed,
    }]);
    let rendered = text(&record(vec![
        cell("async", vec![late]),
        cell("single", vec![trial(0, 9000.0, 1.0)]),
    ]));
    assert!(
        rendered.starts_with(
            "Invalid in 1 of 2 trials (async): no correct reply. 1 of 2 servers served all"
        ),
        "{rendered}"
    );
    let why = "async served 0 of\n  64 clients (the server closed each connection without a reply";
    assert!(rendered.contains(why), "{rendered}");
}

#[test]
fn a_median_of_trials_may_be_a_lower_bound() {
    let at = |ms: u64, exact_below: f64| {
        let mut trial = trial(0, 50_000.0, 1.0);
        trial.latency_ns.p50 = Some(ms * 1_000_000);
        trial.exact_below = exact_below;
        trial.censored.count = u64::from(exact_below < 1.0);
        trial
    };
    // The median of 10, 20 and an unknown value over 5 is 10 or more.
    let rendered = text(&record(vec![cell(
        "async",
        vec![at(10, 1.0), at(20, 1.0), at(5, 0.4)],
    )]));
    assert!(rendered.contains("p50 >10.0 ms"), "{rendered}");
    let rendered = text(&record(vec![cell(
        "async",
        vec![at(10, 1.0), at(20, 1.0), at(30, 0.4)],
    )]));
    assert!(rendered.contains("p50 20.0 ms"), "{rendered}");
}

#[test]
fn a_quantile_needs_ten_samples_above_it() {
    let rendered = text(&record(vec![cell("async", vec![trial(0, 900.0, 9.0)])]));
    assert!(
        rendered.contains("p90 900 µs  p99 –  p99.9 –"),
        "{rendered}"
    );
}

#[test]
fn no_complete_trial() {
    let mut empty = record(vec![cell("single", Vec::new())]);
    empty.interrupted = true;
    assert_eq!(
        text(&empty),
        "Ended early: only completed trials are shown.\n\nNo trial was completed.\n"
    );
}

#[test]
fn csv_has_a_line_per_trial() {
    let mut comparison = comparison();
    comparison.cells[0].contestant.name = "odd, \"name\"".to_owned();
    let csv = format("csv", &comparison);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert_eq!(csv.lines().count(), 1 + 5 * 6);
    assert!(
        csv.lines()
            .nth(1)
            .unwrap()
            .starts_with(",\"odd, \"\"name\"\"\",,64,")
    );
    // Fields in quotation marks may have commas.
    let mut unquoted = csv.lines().skip(1).filter(|line| !line.contains('"'));
    assert!(unquoted.all(|line| line.split(',').count() == columns));
    assert_eq!(csv.matches("\"the load generator was the limit").count(), 6);
}

#[test]
fn json_is_the_record() {
    let comparison = comparison();
    let back: Record = serde_json::from_str(&format("json", &comparison)).unwrap();
    assert_eq!(back, comparison);
}

/// An open loop of 1,000 requests per second in which 1 % waited for a stalled connection.
fn stalled() -> Cell {
    let mut cell = cell("threaded", vec![trial(0, 1000.0, 30.0)]);
    cell.load.mode = Mode::Constant;
    cell.load.rate_rps = Some(1000.0);
    let trial = &mut cell.trials[0];
    trial.offered_rps = Some(1000.0);
    trial.latency_ns.p99 = Some(900_000_000);
    trial.latency_ns.max = Some(1_000_000_000);
    trial.service_ns = Quantiles {
        p50: Some(60_000),
        p99: Some(70_000),
        ..Quantiles::default()
    };
    trial.generator.lag_ns.p50 = Some(12_000);
    trial.generator.lag_ns.p99 = Some(50_000);
    trial.generator.cpu_us_per_request = Some(14.2);
    trial.generator.threads = 2;
    trial.generator.busy_fraction = 0.71;
    trial.generator.memory_bytes_per_connection = Some(290.0);
    cell
}

#[test]
fn service_time_is_shown_where_it_differs_from_response_time() {
    insta::assert_snapshot!("stalled", text(&record(vec![stalled()])));
    let mut without_stall = stalled();
    without_stall.trials[0].latency_ns.p99 = Some(90_000);
    let text = text(&record(vec![without_stall]));
    assert!(!text.contains("coordinated omission"), "{text}");
}

#[test]
fn the_load_line_names_unusual_options() {
    let mut cell = stalled();
    let load = &mut cell.load;
    (load.idle, load.pipeline, load.requests_per_connection) = (1000, 4, Some(10));
    (load.write_mode, load.close) = (WriteMode::Split, Close::Reset);
    load.client_cpus = Some("0-1".parse().unwrap());
    cell.contestant.options.cpus = Some("2-3".to_owned());
    cell.contestant.options.busy_poll_us = Some(50.0);
    let trial = &mut cell.trials[0];
    trial.connects.refused = 3;
    trial.connects.timed_out = 1;
    trial.idle.open = 990;
    trial.idle.closed = 10;
    insta::assert_snapshot!("unusual", text(&record(vec![cell])));
}
