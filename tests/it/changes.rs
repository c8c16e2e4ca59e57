//! What changed between two records: ratios and ranges by hand, marked figures, other loads.

use rpcbench::internal::findings::changed_figures::Mark;
use rpcbench::internal::findings::changes::{Change, ChangeRatio, Changes, ServerChanges};
use rpcbench::internal::report::Source;
use rpcbench::internal::report::changes::{changes, markdown::markdown, text::text};
use rpcbench::record::{Cell, Mode, NoReplyCause, Record, Trial, ValidityFinding};

use crate::support::{
    at_rate, cell, of_scenario, one, plain, record, six, starved, suspect, trial, two_records,
    words,
};

fn sources<'a>(records: &[(&str, &'a Record)]) -> Vec<Source<'a>> {
    let source = |(label, record): &(&str, &'a Record)| Source {
        label: (*label).to_owned(),
        record,
    };
    records.iter().map(source).collect()
}

/// Checks the changes between two records.
fn between<T>(old: &Record, new: &Record, check: impl FnOnce(&Changes<'_>) -> T) -> T {
    let sources = sources(&[("a", old), ("b", new)]);
    let changes = changes(&sources);
    assert_eq!(changes.len(), 1);
    check(&changes[0])
}

fn change<'c>(server: &'c ServerChanges<'_>, figure: &str) -> &'c Change {
    let mut changes = server.changes.iter();
    let found = changes.find(|change| change.figure.name == figure);
    found.unwrap_or_else(|| panic!("no {figure}"))
}

/// Trials with these throughputs and these CPU times per request.
fn trials<const N: usize>(figures: [(f64, f64); N]) -> Vec<Trial> {
    let trial = |(round, (rps, cpu_us))| trial(round, rps, cpu_us);
    figures.into_iter().enumerate().map(trial).collect()
}

/// A server, one number for each figure of its changes.
fn names(changes: &Changes<'_>) -> Vec<(String, usize)> {
    let servers = changes.servers();
    let name = |server: &ServerChanges<'_>| (server.old.name().to_owned(), server.changes.len());
    servers.map(name).collect()
}

#[test]
fn ratios_and_ranges_are_those_computed_by_hand() {
    let old = trials([(90.0, 10.0), (110.0, 20.0), (100.0, 40.0)]);
    let new = trials([(150.0, 8.0), (120.0, 16.0), (130.0, 25.0)]);
    let (old, new) = (
        record(vec![cell("async", old)]),
        record(vec![cell("async", new)]),
    );
    between(&old, &new, |changes| {
        // In a closed loop there are no latencies.
        assert_eq!(names(changes), [("async".to_owned(), 3)]);
        let server = changes.servers().next().unwrap();
        let throughput = change(server, "requests/s");
        // Medians 100 and 130; lowest 120 / highest 110; highest 150 / lowest 90.
        let expected = ChangeRatio {
            of_medians: 1.3,
            range: Some((120.0 / 110.0, 150.0 / 90.0)),
        };
        assert_eq!(throughput.ratio, Some(expected));
        assert!(throughput.is_apart(), "120 is over 110");
        // Medians 20 and 16; 8 / 40 and 25 / 10.
        let cpu = change(server, "CPU/request");
        let expected = ChangeRatio {
            of_medians: 0.8,
            range: Some((0.2, 2.5)),
        };
        assert_eq!(cpu.ratio, Some(expected));
        assert!(!cpu.is_apart());
    });
}

#[test]
fn one_trial_on_each_side_has_no_range() {
    let old = record(vec![cell("async", trials([(100.0, 10.0)]))]);
    let new = record(vec![cell("async", trials([(125.0, 10.0)]))]);
    let several = record(vec![cell("async", trials([(125.0, 10.0), (150.0, 10.0)]))]);
    let ratio = |new: &Record| {
        between(&old, new, |changes| {
            change(changes.servers().next().unwrap(), "requests/s").ratio
        })
    };
    let expected = ChangeRatio {
        of_medians: 1.25,
        range: None,
    };
    assert_eq!(ratio(&new), Some(expected));
    assert_eq!(ratio(&several).unwrap().range, Some((1.25, 1.5)));
    let shown = shown(&[("a", &old), ("b", &new)]);
    assert!(shown.contains("1.25×  one trial: no range"), "{shown}");
    // Near 1, a third decimal shows the side.
    let near = record(vec![cell("async", trials([(100.4, 10.0), (103.0, 10.0)]))]);
    let shown = self::shown(&[("a", &old), ("b", &near)]);
    assert!(shown.contains("1.02×  1.004× to 1.03×"), "{shown}");
}

#[test]
fn marked_figures_have_no_ratio() {
    let mut limited = six(2.0);
    limited[1].generator.limited = true;
    let mut invalid = six(1.0);
    invalid[0].validity = suspect(vec![ValidityFinding::NoReplies {
        cause: NoReplyCause::Unknown,
    }]);
    let mut none = six(1.0);
    none.iter_mut()
        .for_each(|trial| trial.server.pss_peak_bytes = None);
    let old = record(vec![
        cell("single", six(0.2).into_iter().map(starved).collect()),
        cell("async", limited),
        cell("forking", invalid),
        cell("threaded", none),
    ]);
    let mut new = old.clone();
    new.cells[0] = cell("single", six(0.2));
    between(&old, &new, |changes| {
        let servers: Vec<&ServerChanges<'_>> = changes.servers().collect();
        let marks = |at: usize, figure: &str| {
            let change = change(servers[at], figure);
            assert_eq!(change.ratio, None);
            (change.old.mark, change.new.mark)
        };
        let unserved = Mark::Unserved {
            served: 1,
            asked: 64,
        };
        assert_eq!(marks(0, "requests/s"), (Some(unserved), None));
        assert_eq!(marks(0, "memory").0, Some(unserved));
        let limited = Some(Mark::GeneratorLimited);
        assert_eq!(marks(1, "requests/s"), (limited, limited));
        assert!(change(servers[1], "CPU/request").ratio.is_some());
        assert_eq!(marks(2, "CPU/request").0, Some(Mark::Invalid));
        assert_eq!(marks(3, "memory").0, Some(Mark::NotMeasured));
    });
}

#[test]
fn open_loops_compare_response_times() {
    let open = |trials| record(vec![at_rate(cell("async", trials), 5000.0)]);
    let mut slower = six(1.0);
    for trial in &mut slower {
        trial.latency_ns.p50 = Some(900_000);
    }
    // One bound of six: the median is exact, the highest value is not known.
    slower[5].censored.count = 10;
    slower[5].exact_below = 0.9;
    slower[5].latency_ns.p99 = Some(2_000_000);
    let mut over = six(1.0);
    for trial in &mut over {
        trial.planned = Some(5000);
        trial.backlog_growth = Some(2500);
    }
    between(&open(six(1.0)), &open(slower), |changes| {
        let server = changes.servers().next().unwrap();
        let p50 = change(server, "p50").ratio.unwrap();
        assert_eq!((p50.of_medians, p50.range), (1.5, Some((1.5, 1.5))));
        let p99 = change(server, "p99").ratio.unwrap();
        assert_eq!((p99.of_medians, p99.range), (1.0, None));
    });
    between(&open(six(1.0)), &open(over), |changes| {
        let server = changes.servers().next().unwrap();
        for figure in ["requests/s", "p50", "p99"] {
            let change = change(server, figure);
            assert_eq!((change.old.mark, change.ratio), (None, None), "{figure}");
            assert_eq!(change.new.mark, Some(Mark::OverCapacity), "{figure}");
        }
        assert!(change(server, "CPU/request").ratio.is_some());
    });
}

/// Two records that differ in machine, build, an option, a load and a server.
fn different() -> [Record; 2] {
    let ladder = |rate: f64, times: f64| {
        at_rate(
            of_scenario(cell("async", six(times)), "ladder", 64, 100),
            rate,
        )
    };
    let mut limited = six(2.0);
    limited
        .iter_mut()
        .for_each(|trial| trial.generator.limited = true);
    let mut steal = six(1.0);
    steal[3].validity = suspect(vec![ValidityFinding::HypervisorSteal { stolen_share: 0.1 }]);
    let echo = |name: &str, trials| of_scenario(cell(name, trials), "echo", 64, 100);
    let old = record(vec![
        echo("single", six(0.2).into_iter().map(starved).collect()),
        echo("threaded", six(1.0)),
        echo("async", limited.clone()),
        ladder(1000.0, 2.0),
        ladder(9000.0, 2.0),
        echo("forking", six(0.5)),
    ]);
    let mut new = record(vec![
        echo("single", six(0.2).into_iter().map(starved).collect()),
        echo("threaded", steal),
        echo("async", limited),
        ladder(1000.0, 1.5),
        ladder(9500.0, 1.5),
    ]);
    new.started = "2026-02-01T12:00:00Z".to_owned();
    new.environment.kernel = Some("6.2.0".to_owned());
    new.tool.git = Some("fedcba".to_owned());
    new.cells[1].contestant.options.workers = Some(4);
    [old, new]
}

#[test]
fn what_cannot_be_compared_is_named() {
    let [old, new] = different();
    between(&old, &new, |changes| {
        let left_out = |at: usize| {
            let cells = changes.left_out[at].iter();
            let name = |cell: &&Cell| (cell.contestant.name.clone(), cell.load.rate_rps);
            cells.map(name).collect::<Vec<_>>()
        };
        let async_ = "async".to_owned();
        assert_eq!(
            left_out(0),
            [(async_.clone(), Some(9000.0)), ("forking".to_owned(), None)]
        );
        assert_eq!(left_out(1), [(async_, Some(9500.0))]);
    });
    let shown = shown(&[("a", &old), ("b", &new)]).replace("\n  ", " ");
    for expected in [
        "From a to b these settings differ: kernel 6.1.0 → 6.2.0, rpcbench commit abcdef → fedcba.",
        "From a to b options of servers differ: threaded workers none → 4.",
        "Suspect trials: 1 of 24 in b;",
        "only in a (async, ladder, 64 clients, 9,000/s; forking, echo, 64 clients) and only in b (async, ladder, 64 clients, 9,500/s). The loads differ in rate_rps 9000.0 → 9500.0.",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    // The other way round.
    let shown = self::shown(&[("b", &new), ("a", &old)]);
    assert!(shown.contains("a was measured before b."), "{shown}");
}

/// The text for a terminal, without styles.
fn shown(records: &[(&str, &Record)]) -> String {
    plain(&text(&changes(&sources(records))))
}

#[test]
fn the_text_and_the_markdown() {
    let [old, new] = different();
    let records = [("monday", &old), ("tuesday", &new)];
    insta::assert_snapshot!("changes_text", shown(&records));
    insta::assert_snapshot!("changes_markdown", markdown(&changes(&sources(&records))));
}

#[test]
fn a_terminal_shows_a_bounded_number_of_rows() {
    let cells = |times: f64| {
        let models = (0..20).map(|at| cell(&format!("model {at}"), six(times)));
        record(models.collect())
    };
    let lines = |text: &str| text.lines().filter(|line| line.contains("× to ")).count();
    let (old, same, faster) = (cells(1.0), cells(1.0), cells(10.0));
    let shown_same = shown(&[("a", &old), ("b", &same)]);
    assert_eq!(lines(&shown_same), 0, "{shown_same}");
    assert!(shown_same.contains("60 figures are compared; none has a range without 1."));
    let shown_faster = shown(&[("a", &old), ("b", &faster)]);
    // Throughput and CPU of each model; memory is the same.
    assert!(
        shown_faster.contains("shown are the 40 whose range"),
        "{shown_faster}"
    );
    assert_eq!(lines(&shown_faster), 40, "{shown_faster}");
    let full = markdown(&changes(&sources(&[("a", &old), ("b", &same)])));
    assert_eq!(full.matches("| memory |").count(), 20);
    let page = two_records([("a", &old), ("b", &same)]).html;
    assert!(page.contains("<summary>All figures</summary>"));
}

#[test]
fn several_records_are_each_compared_with_the_first() {
    let record = record(vec![cell("async", six(1.0))]);
    let sources = sources(&[("a", &record), ("b", &record), ("c", &record)]);
    let pairs = changes(&sources);
    let labels: Vec<_> = pairs
        .iter()
        .map(|pair| (pair.old.label, pair.new.label))
        .collect();
    assert_eq!(labels, [("a", "b"), ("a", "c")]);
    let nothing = record_of_another_load();
    let shown = shown(&[("a", &record), ("d", &nothing)]);
    assert!(
        shown.contains("The records have no server under the same load."),
        "{shown}"
    );
}

fn record_of_another_load() -> Record {
    let mut cell = cell("async", six(1.0));
    cell.load.mode = Mode::Poisson;
    cell.load.rate_rps = Some(10.0);
    record(vec![cell])
}

#[test]
fn the_page_has_the_changes_near_its_top() {
    let [old, new] = different();
    let html = two_records([("monday", &old), ("tuesday", &new)]).html;
    let changes = html.find("id=\"changes\"").unwrap();
    assert!(changes < html.find("id=\"answer\"").unwrap());
    let text = words(&html);
    for expected in [
        "What changed from monday to tuesday",
        "A trend, not a gate: the two records were measured at different times",
        "threadedrequests/s | ",
        "–generator-limited",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!one(&old).html.contains("id=\"changes\""));
}
