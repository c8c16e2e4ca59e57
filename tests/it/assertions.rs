//! `--assert`: the verdict on fixed figures, in every format.

use rpcbench::internal::findings::assertions::evaluate;
use rpcbench::internal::report;
use rpcbench::record::{
    AssertCell, AssertDoubt, AssertInfo, AssertMetric, AssertVerdict, Assertion, CapacityOf, Cell,
    Censored, Delays, Mode, Quantiles, RateChange, RateShare, Record, Role, TrendMetric, Trial,
    ValidityFinding,
};

use crate::support::{
    assert_is_junit, cell, one as page_of, plain, record, starved, suspect, trial, words,
};

fn condition(metric: AssertMetric, limit: f64) -> Assertion {
    let relation = if metric.is_less_better() { '<' } else { '>' };
    Assertion {
        text: format!("{}{relation}{limit}", metric.name()),
        metric,
        limit,
        is_strict: true,
    }
}

/// The verdict on one cell.
fn verdict(metric: AssertMetric, limit: f64, cell: &Cell) -> (AssertVerdict, Option<AssertDoubt>) {
    let found = evaluate(&[condition(metric, limit)], std::slice::from_ref(cell));
    let [AssertInfo { cells, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    let [AssertCell { verdict, doubt, .. }] = cells.as_slice() else {
        panic!("{cells:?}")
    };
    (*verdict, *doubt)
}

const HOLDS: (AssertVerdict, Option<AssertDoubt>) = (AssertVerdict::Holds, None);
const VIOLATED: (AssertVerdict, Option<AssertDoubt>) = (AssertVerdict::Violated, None);

fn undecided(doubt: AssertDoubt) -> (AssertVerdict, Option<AssertDoubt>) {
    (AssertVerdict::Undecided, Some(doubt))
}

const P99: AssertMetric = AssertMetric::Response(0.99);
const MS: f64 = 1e6;

/// One trial whose p99 is 1.2 ms.
fn one(change: impl FnOnce(&mut Trial)) -> Cell {
    let mut trial = trial(0, 50_000.0, 20.0);
    change(&mut trial);
    cell("async", vec![trial])
}

#[test]
fn one_trial_is_compared_as_it_is() {
    let plain = one(|_| {});
    for (metric, limit, expected) in [
        (P99, 1.3 * MS, HOLDS),
        (P99, 1.2 * MS, VIOLATED),
        (AssertMetric::Response(1.0), 13.0 * MS, HOLDS),
        (AssertMetric::Throughput, 49_999.0, HOLDS),
        (AssertMetric::Throughput, 50_000.0, VIOLATED),
        (AssertMetric::Cpu, 20.1, HOLDS),
        (AssertMetric::Cpu, 19.9, VIOLATED),
        (AssertMetric::Memory, 3e6 + 1.0, HOLDS),
        (AssertMetric::Memory, 2e6, VIOLATED),
        (AssertMetric::Errors, 1.0, HOLDS),
        (AssertMetric::Served, 63.0, HOLDS),
        (AssertMetric::Served, 64.0, VIOLATED),
        (AssertMetric::Unserved, 1.0, HOLDS),
        (AssertMetric::Unanswered, 1.0, HOLDS),
    ] {
        assert_eq!(
            verdict(metric, limit, &plain),
            expected,
            "{metric:?} {limit}"
        );
    }
    let none = one(|trial| trial.server.cpu_us_per_request = None);
    let expected = undecided(AssertDoubt::NotMeasured);
    assert_eq!(verdict(AssertMetric::Cpu, 20.0, &none), expected);
    let few = one(|trial| trial.samples = 999);
    let expected = undecided(AssertDoubt::FewSamples);
    assert_eq!(verdict(P99, 10.0 * MS, &few), expected);
    let empty = cell("async", Vec::new());
    let expected = undecided(AssertDoubt::NoTrial);
    assert_eq!(verdict(P99, 10.0 * MS, &empty), expected);
}

#[test]
fn a_limit_that_is_not_strict_includes_its_value() {
    for (metric, limit) in [
        (AssertMetric::Errors, 0.0),
        (AssertMetric::Served, 64.0),
        (P99, 1.2 * MS),
    ] {
        let mut condition = condition(metric, limit);
        let strict = evaluate(&[condition.clone()], &[one(|_| {})])[0].verdict;
        condition.is_strict = false;
        let not_strict = evaluate(&[condition], &[one(|_| {})])[0].verdict;
        let expected = (AssertVerdict::Violated, AssertVerdict::Holds);
        assert_eq!((strict, not_strict), expected, "{metric:?}");
    }
}

#[test]
fn a_lower_bound_can_violate_a_limit_and_not_hold_it() {
    let censored = |trial: &mut Trial| {
        trial.censored = Censored {
            count: 5000,
            min_age_ns: 1_000_000,
        };
        trial.exact_below = 0.9;
    };
    let cell = one(censored);
    let expected = undecided(AssertDoubt::LowerBound);
    assert_eq!(verdict(P99, 10.0 * MS, &cell), expected);
    assert_eq!(verdict(P99, 1.0 * MS, &cell), VIOLATED);
    assert_eq!(verdict(AssertMetric::Response(0.5), 1.0 * MS, &cell), HOLDS);
    let hungry = one(|trial| *trial = starved(trial.clone()));
    let expected = undecided(AssertDoubt::Starved);
    assert_eq!(verdict(P99, 10.0 * MS, &hungry), expected);
    assert_eq!(verdict(AssertMetric::Unserved, 1.0, &hungry), VIOLATED);
    let growing = one(|trial| {
        trial.planned = Some(10_000);
        trial.backlog_growth = Some(4_000);
    });
    let expected = undecided(AssertDoubt::OverCapacity);
    assert_eq!(verdict(P99, 10.0 * MS, &growing), expected);
    assert_eq!(verdict(P99, 1.0 * MS, &growing), VIOLATED);
}

#[test]
fn what_the_generator_adds_can_hold_a_limit_and_not_violate_it() {
    let limited = one(|trial| trial.generator.limited = true);
    let unknown = undecided(AssertDoubt::GeneratorLimited);
    assert_eq!(verdict(AssertMetric::Throughput, 40_000.0, &limited), HOLDS);
    assert_eq!(
        verdict(AssertMetric::Throughput, 60_000.0, &limited),
        unknown
    );
    assert_eq!(verdict(P99, 10.0 * MS, &limited), HOLDS);
    assert_eq!(verdict(P99, 1.0 * MS, &limited), unknown);
    assert_eq!(verdict(AssertMetric::Cpu, 10.0, &limited), VIOLATED);
    // Of 1.2 ms, 0.4 ms are scheduling delay.
    let delayed = one(|trial| {
        trial.delays = Some(Delays {
            response_minus_scheduling_ns: Quantiles {
                p99: Some(800_000),
                ..trial.latency_ns.clone()
            },
            ..Delays::default()
        });
    });
    let unknown = undecided(AssertDoubt::SchedulingDelay);
    assert_eq!(verdict(P99, 10.0 * MS, &delayed), HOLDS);
    assert_eq!(verdict(P99, 1.0 * MS, &delayed), unknown);
    assert_eq!(verdict(P99, 0.7 * MS, &delayed), VIOLATED);
    let stolen = vec![ValidityFinding::HypervisorSteal { stolen_share: 0.12 }];
    let stolen = one(|trial| trial.validity = suspect(stolen));
    let unknown = undecided(AssertDoubt::HypervisorSteal);
    assert_eq!(verdict(P99, 10.0 * MS, &stolen), HOLDS);
    assert_eq!(
        verdict(AssertMetric::Throughput, 60_000.0, &stolen),
        unknown
    );
}

#[test]
fn a_mark_of_most_trials_and_any_invalid_trial_leave_no_verdict() {
    let trend = || {
        suspect(vec![ValidityFinding::Trend {
            metric: TrendMetric::Throughput,
            change_share: -0.5,
            cause: None,
        }])
    };
    let marked = |marks: usize| {
        let trials = (0..6).map(|at| {
            let mut trial = trial(at, 50_000.0, 20.0);
            if at < marks {
                trial.validity = trend();
            }
            trial
        });
        cell("async", trials.collect())
    };
    let unknown = undecided(AssertDoubt::Trend);
    let throughput = AssertMetric::Throughput;
    assert_eq!(verdict(throughput, 1000.0, &marked(3)), HOLDS);
    assert_eq!(verdict(throughput, 1000.0, &marked(4)), unknown);
    assert_eq!(verdict(P99, 10.0 * MS, &marked(6)), HOLDS);
    let mut cell = marked(0);
    cell.trials[3].validity = suspect(vec![ValidityFinding::NoReplies {
        cause: Default::default(),
    }]);
    let unknown = undecided(AssertDoubt::Invalid);
    assert_eq!(verdict(throughput, 1000.0, &cell), unknown);
    assert_eq!(verdict(AssertMetric::Errors, 1.0, &cell), unknown);
    // An error that was counted happened.
    cell.trials[3].errors.reset = 7;
    assert_eq!(verdict(AssertMetric::Errors, 1.0, &cell), VIOLATED);
}

#[test]
fn the_spread_of_several_trials_counts() {
    // Student's 95 % interval on the logarithms of 19, 20 and 21: 17.65 to 22.63 (t = 4.3027).
    let of = |values: &[f64]| {
        let trials = values.iter().enumerate();
        let trials = trials.map(|(at, cpu_us)| trial(at, 50_000.0, *cpu_us));
        cell("async", trials.collect())
    };
    let three = of(&[19.0, 20.0, 21.0]);
    let unknown = undecided(AssertDoubt::Spread);
    for (limit, expected) in [
        (22.7, HOLDS),
        (22.5, unknown),
        (17.8, unknown),
        (17.6, VIOLATED),
    ] {
        assert_eq!(
            verdict(AssertMetric::Cpu, limit, &three),
            expected,
            "{limit}"
        );
    }
    let found = evaluate(&[condition(AssertMetric::Cpu, 22.0)], &[three]);
    let [low, high] = [found[0].cells[0].low, found[0].cells[0].high].map(Option::unwrap);
    assert!(
        (low - 17.6472).abs() < 0.001 && (high - 22.6288).abs() < 0.001,
        "{low} {high}"
    );
    // More trials of the same spread say more.
    let many = of(&[19.0, 20.0, 21.0].repeat(10));
    assert_eq!(verdict(AssertMetric::Cpu, 20.5, &many), HOLDS);
    // A count is that of the worst trial.
    let mut counted = of(&[20.0; 6]);
    counted.trials[2].unanswered = 1;
    let unanswered = AssertMetric::Unanswered;
    assert_eq!(verdict(unanswered, 1.0, &counted), VIOLATED);
    assert_eq!(verdict(unanswered, 2.0, &counted), HOLDS);
}

/// Two servers at capacity and at one rate.
fn two_loads() -> Vec<Cell> {
    let capacity = |name: &str| cell(name, vec![trial(0, 50_000.0, 20.0)]);
    let at_rate = |name: &str| {
        let mut cell = cell(name, vec![trial(0, 20_000.0, 15.0)]);
        cell.load.mode = Mode::Poisson;
        cell.load.rate_rps = Some(20_000.0);
        cell.load.rate_share = Some(RateShare {
            share: 0.5,
            of: CapacityOf::Weakest,
            contestant: "async".to_owned(),
            workers: None,
            capacity_rps: 40_000.0,
        });
        cell
    };
    vec![capacity("async"), capacity("single"), at_rate("async")]
}

#[test]
fn each_figure_is_asserted_where_it_means_something() {
    let cells_of = |metric: AssertMetric, cells: &[Cell]| -> Vec<usize> {
        let found = evaluate(&[condition(metric, 1.0)], cells);
        found[0].cells.iter().map(|cell| cell.cell).collect()
    };
    let cells = two_loads();
    // `single` has no cell at the rate, so its quantiles are those at capacity.
    assert_eq!(cells_of(P99, &cells), [1, 2]);
    assert_eq!(cells_of(AssertMetric::Cpu, &cells), [1, 2]);
    assert_eq!(cells_of(AssertMetric::Throughput, &cells), [0, 1]);
    assert_eq!(cells_of(AssertMetric::Errors, &cells), [0, 1, 2]);
    let mut sides = vec![one(|_| {}), one(|_| {})];
    sides[0].contestant.role = Some(Role::Baseline);
    sides[1].contestant.role = Some(Role::Candidate);
    assert_eq!(cells_of(P99, &sides), [1]);
    let mut overload = one(|_| {});
    overload.load.then = Some(RateChange {
        rate_rps: 10.0,
        after: std::time::Duration::from_millis(500),
    });
    let overload = [overload];
    assert_eq!(cells_of(P99, &overload), [0; 0]);
    let found = evaluate(&[condition(P99, 1.0)], &overload);
    assert_eq!(found[0].verdict, AssertVerdict::Undecided);
}

/// A record with a condition of each verdict.
fn asserted() -> Record {
    let mut record = record(two_loads());
    record.cells[0].trials = (0..6)
        .map(|at| trial(at, 50_000.0 + 1000.0 * at as f64, 20.0))
        .collect();
    record.cells[1].trials[0].server.pss_peak_bytes = None;
    let conditions = [
        condition(AssertMetric::Throughput, 45_000.0),
        condition(P99, 1.0 * MS),
        condition(AssertMetric::Memory, 64_000_000.0),
    ];
    record.asserts = evaluate(&conditions, &record.cells);
    record
}

fn rendered(record: &Record, name: &str) -> String {
    let form = report::ALL.iter().find(|form| form.name() == name).unwrap();
    form.render(record)
}

#[test]
fn every_format_shows_the_verdicts() {
    let record = asserted();
    let text = plain(&rendered(&record, "text"));
    let (_, text) = text.split_once("1 of 3 assertions").unwrap();
    let markdown = rendered(&record, "markdown");
    let start = markdown.find("**1 of 3").unwrap();
    let end = markdown[start..].find("\n\n**").unwrap();
    let page = words(&page_of(&record).html);
    let (_, page) = page.split_once("Assertions").unwrap();
    for part in ["VIOLATED", "p99<1000000", "holds", "UNDECIDED"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    insta::assert_snapshot!(
        "assertions",
        format!(
            "1 of 3 assertions{text}\n{}\n\n{}",
            &markdown[start..start + end],
            rendered(&record, "junit")
        )
    );
    assert_is_junit(&rendered(&record, "junit"));
    let mut other = record.clone();
    other.cells[0].contestant.name = "python3 'a<b>' & \"c\"".to_owned();
    assert_is_junit(&rendered(&other, "junit"));
    let again = Record::parse(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(again.asserts, record.asserts);
}
