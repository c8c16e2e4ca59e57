//! A check in every format: one table, the change in plain words, failures first, what to do.

use rpcbench::internal::check::evaluate;
use rpcbench::internal::report::check::ALL;
use rpcbench::record::{
    CheckInfo, EndedBy, FailureKind, Known, Look, Method, Metric, Outcome, PairInfo, Record, Role,
    Rules,
};

use crate::support::{checked, failing, one, pair_of, part, plain, words};

/// Logarithms of the ratios of one pair: CPU per request, p50 and throughput.
type Logs = [f64; 3];

/// A check of pairs around these logarithms, each changed by `change`.
fn check_of(
    pairs: usize,
    logs: Logs,
    noise: f64,
    change: fn(usize, PairInfo) -> PairInfo,
) -> Record {
    let pair = |number: usize| {
        let sign = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
        let size = 1.0 + 0.1 * (number % 3) as f64;
        let logs = logs.map(|log| (log + sign * size * noise, Known::Exact));
        change(number, pair_of(number, logs))
    };
    let rules = Rules::default();
    let (outcome, parts) = evaluate(&[part((0..pairs).map(pair).collect())], &rules);
    // The cells do not matter here.
    let mut record = checked(Outcome::Pass);
    record.check = Some(CheckInfo {
        outcome,
        rules,
        baseline: "./old {port}".to_owned(),
        candidate: "./new {port}".to_owned(),
        looks: vec![Look { pairs, alpha: 0.05 }],
        method: Method::Anytime,
        labels: Some(["baseline", "candidate"].map(str::to_owned)),
        gated: 4,
        budget_s: Some(90.0),
        took_s: Some(4.0 * pairs as f64),
        ended_by: Some(EndedBy::Decided),
        programs: Vec::new(),
        parts,
    });
    record
}

fn same(_: usize, pair: PairInfo) -> PairInfo {
    pair
}

/// The candidate is ended by SIGABRT in each seventh pair.
fn aborting(number: usize, pair: PairInfo) -> PairInfo {
    if number % 7 != 2 {
        return pair;
    }
    let mut pair = failing(pair, Role::Candidate, FailureKind::Died, 1);
    pair.loads[0].failures[0].what = "was ended by SIGABRT".to_owned();
    pair
}

fn rendered(record: &Record, name: &str) -> String {
    let form = ALL.iter().find(|form| form.name() == name).unwrap();
    let check = record.check.as_ref().unwrap();
    match name {
        "text" => plain(&form.render(record, check)),
        _ => form.render(record, check),
    }
}

fn section(record: &Record) -> String {
    let html = one(record).html;
    let (_, section) = html.split_once("<section id=\"check\">").unwrap();
    let (section, _) = section.split_once("<div class=\"figures\">").unwrap();
    words(section)
}

fn snapshot(name: &str, record: &Record) {
    let forms = ["text", "markdown", "junit"].map(|form| rendered(record, form));
    let all = format!("{}\n{}", forms.join("\n"), section(record));
    insta::assert_snapshot!(name, all);
}

#[test]
fn a_regression_says_before_after_and_change() {
    let record = check_of(12, [0.16, 0.02, 0.5], 0.03, same);
    assert_eq!(record.check.as_ref().unwrap().outcome, Outcome::Regressed);
    snapshot("check_regressed", &record);
}

#[test]
fn failures_come_first() {
    let record = check_of(20, [0.0; 3], 0.02, aborting);
    let text = rendered(&record, "text");
    let expected =
        "INCONCLUSIVE: candidate was ended by SIGABRT in 3 of 40 starts, baseline in none";
    assert!(text.replace("\n  ", " ").starts_with(expected), "{text}");
    snapshot("check_failures", &record);
}

#[test]
fn an_inconclusive_check_says_what_to_do() {
    let record = check_of(17, [0.06, 0.0, 0.0], 0.14, same);
    assert_eq!(
        record.check.as_ref().unwrap().outcome,
        Outcome::Inconclusive
    );
    snapshot("check_inconclusive", &record);
}

#[test]
fn a_figure_that_too_many_pairs_would_decide_is_not_told_to_get_more() {
    // p50 differs by a factor of a thousand between pairs.
    let unsteady = |number: usize, mut pair: PairInfo| {
        let values = pair.loads.iter_mut().flat_map(|load| &mut load.values);
        for value in values.filter(|value| value.metric == Metric::P50) {
            value.candidate *= [1000.0, 0.001][number % 2];
        }
        pair
    };
    let record = check_of(17, [0.06, 0.0, 0.0], 0.14, unsteady);
    let text = rendered(&record, "text");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("more pairs alone take too long"), "{text}");
    assert!(!text.contains("To decide: --budget"), "{text}");
}

#[test]
fn all_formats_have_the_same_figures() {
    let record = check_of(12, [0.16, 0.02, 0.5], 0.03, same);
    let all = ["text", "markdown", "junit"].map(|form| rendered(&record, form));
    for part in ["17 % higher", "39 % lower", "throughput at capacity"] {
        for text in all.iter().chain([&section(&record)]) {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert_eq!(rendered(&record, "verdict"), "regressed\n");
}

#[test]
fn labels_name_the_two_sides() {
    let mut record = check_of(20, [0.0; 3], 0.02, aborting);
    let check = record.check.as_mut().unwrap();
    check.labels = Some(["v1", "v2"].map(str::to_owned));
    let text = rendered(&record, "text").replace("\n  ", " ");
    assert!(text.contains("v2 was ended by SIGABRT"), "{text}");
    assert!(
        text.contains("v2 ./new {port} against v1 ./old {port}"),
        "{text}"
    );
}
