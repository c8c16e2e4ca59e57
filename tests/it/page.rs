//! The page of records: what stands in it, for all kinds of records.

use std::collections::HashSet;

use hdrhistogram::Histogram;
use rpcbench::internal::report::html::page::page;
use rpcbench::internal::report::{Page, Source};
use rpcbench::record::histogram::encode;
use rpcbench::record::{
    Cell, CheckInfo, Finding, Interval, Look, Mode, Outcome, Part, Record, Rules, ScenarioInfo,
    Trial, Validity, Verdict, WorkerSide,
};

use crate::report::{cell, record, six, starved};

/// Latencies around so many microseconds, with a tail.
fn histogram(us: u64) -> String {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    for at in 1..=5000_u64 {
        let tail = if at % 100 == 0 { at } else { at / 20 };
        histogram.record(us * 1000 + tail * 1000).unwrap();
    }
    encode(&histogram)
}

pub(crate) fn filled(mut trial: Trial, us: u64) -> Trial {
    trial.histograms.latency = histogram(us);
    let empty = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    trial.histograms.censored = encode(&empty);
    let interval = |at: usize| Interval {
        t_s: at as f64 / 10.0,
        requests: 5000,
        p50: Some(us * 1000),
        p99: Some(us * 3000 + at as u64 * 10_000),
        max: Some(us * 9000),
        histogram: String::new(),
        planned: None,
        under_way: None,
    };
    trial.series = (0..10).map(interval).collect();
    trial
}

pub(crate) fn of_scenario(mut cell: Cell, scenario: &str, clients: usize, us: u64) -> Cell {
    cell.scenario = Some(scenario.to_owned());
    cell.load.clients = clients;
    let trials = std::mem::take(&mut cell.trials);
    cell.trials = trials.into_iter().map(|trial| filled(trial, us)).collect();
    cell
}

fn workers(mut cell: Cell) -> Cell {
    for trial in &mut cell.trials {
        let side = |requests| WorkerSide {
            requests,
            accepted: 9,
        };
        trial.server.workers = Some(vec![side(600), side(400)]);
    }
    cell
}

pub(crate) fn at_rate(mut cell: Cell, rate_rps: f64) -> Cell {
    cell.load.mode = Mode::Poisson;
    cell.load.rate_rps = Some(rate_rps);
    cell
}

fn info(name: &str) -> ScenarioInfo {
    ScenarioInfo {
        name: name.to_owned(),
        about: format!("what {name} is"),
        reads: "its figures".to_owned(),
    }
}

/// Two scenarios: one at two numbers of clients, with one that starves; a ladder of two rates.
pub(crate) fn study() -> Record {
    let mut cells = Vec::new();
    for clients in [8, 64] {
        let starving = six(0.2).into_iter().map(starved).collect();
        cells.push(of_scenario(cell("single", starving), "echo", clients, 100));
        cells.push(of_scenario(
            cell("threaded", six(1.0)),
            "echo",
            clients,
            200,
        ));
        cells.push(workers(of_scenario(
            cell("async", six(2.0)),
            "echo",
            clients,
            100,
        )));
    }
    for rate in [1000.0, 9000.0] {
        let threaded = of_scenario(cell("threaded", six(1.0)), "ladder", 64, 300);
        cells.push(at_rate(threaded, rate));
        cells.push(at_rate(
            of_scenario(cell("async", six(2.0)), "ladder", 64, 150),
            rate,
        ));
    }
    cells[4].trials[2].validity = Validity {
        verdict: Verdict::Suspect,
        reasons: vec!["the hypervisor took 12 % of the machine's time".to_owned()],
    };
    let mut record = record(cells);
    record.scenarios = vec![info("echo"), info("ladder")];
    record
}

pub(crate) fn one(record: &Record) -> Page {
    page(&[Source {
        label: "mine".to_owned(),
        record,
    }])
}

/// The page of two records.
fn laid_over(records: [(&str, &Record); 2]) -> Page {
    let source = |(label, record): (&str, _)| Source {
        label: label.to_owned(),
        record,
    };
    page(&records.map(source))
}

/// The words of a page, a line a block.
pub(crate) fn words(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let skipped = ["script", "style", "svg"].into_iter().find(|tag| {
            rest.strip_prefix('<')
                .and_then(|rest| rest.strip_prefix(tag))
                .is_some_and(|rest| rest.starts_with([' ', '>']))
        });
        let end = match skipped {
            Some(tag) => rest.find(&format!("</{tag}>")).unwrap() + tag.len() + 3,
            None => rest.find('>').unwrap() + 1,
        };
        let block = [
            "</p",
            "</h",
            "</li",
            "</tr",
            "</dd",
            "</summary",
            "</figcaption",
            "</th",
            "</td",
            "</dt",
            "</pre",
            "</button",
        ];
        if let Some(tag) = block.iter().find(|tag| rest.starts_with(**tag)) {
            text.push_str(if tag.starts_with("</t") && !tag.starts_with("</tr") {
                " | "
            } else {
                "\n"
            });
        }
        rest = &rest[end..];
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_words_of_a_study() {
    let page = one(&study());
    insta::assert_snapshot!("words", words(&page.html));
}

#[test]
fn the_order_of_a_page() {
    let html = one(&study()).html;
    let ids = [
        "answer",
        "orders",
        "throughput",
        "rates",
        "percentiles",
        "cpu",
        "memory",
        "fairness",
        "time",
        "setting",
        "data",
    ];
    let places: Vec<usize> = ids
        .iter()
        .map(|id| {
            html.find(&format!("id=\"{id}\""))
                .unwrap_or_else(|| panic!("no section {id}"))
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn every_picture_stands_in_the_page_with_a_table_and_in_a_file() {
    let page = one(&study());
    assert!(page.pictures.len() >= 10, "{}", page.pictures.len());
    let figures: Vec<&str> = page.html.split("<figure ").skip(1).collect();
    assert_eq!(figures.len(), page.pictures.len());
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        let series = figure.matches("data-series=").count();
        assert!(figure.contains("<svg") && series > 0, "{figure}");
        assert!(
            figure.contains("<table>") && figure.contains("<td>"),
            "{figure}"
        );
    }
    let names: HashSet<&String> = page.pictures.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), page.pictures.len(), "no name twice");
    for (name, svg) in &page.pictures {
        assert!(page.html.contains(svg.as_str()), "{name}");
    }
}

#[test]
fn nothing_is_asked_of_any_network_and_no_id_is_twice() {
    let html = one(&study()).html;
    for (at, _) in html.match_indices("http") {
        let around = &html[at.saturating_sub(8)..at + 30];
        assert!(around.contains("xmlns"), "{around}");
    }
    for mark in [" src=", "@import", "url(", "<link rel=\"stylesheet"] {
        assert!(!html.contains(mark), "{mark}");
    }
    let mut seen = HashSet::new();
    for rest in html.split(" id=\"").skip(1) {
        let id = rest.split('"').next().unwrap();
        assert!(seen.insert(id), "{id} is twice");
    }
}

#[test]
fn its_data_are_the_record_without_histograms() {
    let study = study();
    let html = one(&study).html;
    let json = html.split("id=\"json-0\">").nth(1).unwrap();
    let json = json.split("</script>").next().unwrap();
    let read = Record::parse(json).unwrap();
    assert_eq!(read.cells.len(), study.cells.len());
    assert_eq!(
        read.cells[0].trials[0].requests,
        study.cells[0].trials[0].requests
    );
    assert!(read.cells[0].trials[0].histograms.latency.is_empty());
    assert!(html.contains("id=\"csv-0\">scenario,contestant,"));
}

#[test]
fn hostile_names_stay_names() {
    let mut study = study();
    let name = "</script><script>alert(1)</script> & \"x\" 'y'";
    for cell in &mut study.cells {
        if cell.contestant.name == "async" {
            cell.contestant.name = name.to_owned();
        }
    }
    study.command.push(name.to_owned());
    let html = one(&study).html;
    assert!(!html.contains("<script>alert"), "escaped");
    // Ours: two of data, one of behaviour.
    assert_eq!(html.matches("</script>").count(), 3);
}

#[test]
fn warnings_stand_beside_what_they_touch() {
    let html = one(&study()).html;
    let figures: Vec<&str> = html.split("<figure ").skip(1).collect();
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        // What speaks against rates and times does not touch sizes.
        let sizes = ["figure-memory", "figure-processes", "figure-threads"];
        let of_size = sizes.iter().any(|size| figure.contains(size));
        let of_echo = figure.contains("-echo\"") && !of_size;
        assert_eq!(
            figure.contains("the hypervisor took 12 %"),
            of_echo,
            "{figure}"
        );
    }
}

#[test]
fn records_laid_over_each_other_share_their_charts() {
    let (one, mut other) = (study(), study());
    other.cells.retain(|cell| cell.contestant.name != "single");
    let page = laid_over([("before", &one), ("after", &other)]);
    let throughput = page
        .pictures
        .iter()
        .find(|(name, _)| name.starts_with("throughput-"));
    let (_, svg) = throughput.unwrap();
    for name in ["async · before", "async · after", "single · before"] {
        assert!(svg.contains(&format!("data-series=\"{name}\"")), "{name}");
    }
    assert!(!svg.contains("single · after"));
    assert!(
        page.html
            .contains("no order between records is claimed here")
    );
}

#[test]
fn where_rates_of_records_differ_each_is_told() {
    let (one, mut other) = (study(), study());
    for cell in &mut other.cells {
        cell.load.rate_rps = cell.load.rate_rps.map(|rate| 2.0 * rate);
    }
    other.cells[4].trials[0].validity = Validity {
        verdict: Verdict::Suspect,
        reasons: vec!["it was a bad day".to_owned()],
    };
    let html = laid_over([("before", &one), ("after", &other)]).html;
    let title = "ladder: by percentile, before: 64 clients, 9,000/s; after: 64 clients, 18,000/s";
    assert!(html.contains(title));
    // What speaks against a record is not laid at another's door.
    assert!(html.contains("after: Suspect in 1 of 36 trials (threaded): it was a bad day."));
    // Another payload is another load.
    let mut large = study();
    large
        .cells
        .iter_mut()
        .for_each(|cell| cell.load.payload_bytes = 65_536);
    let page = laid_over([("before", &one), ("large", &large)]);
    let throughput = page
        .pictures
        .iter()
        .filter(|(name, _)| name.starts_with("throughput-"));
    assert_eq!(throughput.count(), 2, "not in one chart");
}

/// Shapes that a record can have, and what its page says.
#[test]
fn poor_records_have_a_page_that_says_so() {
    let none = record(Vec::new());
    assert!(one(&none).html.contains("No trial was completed"));
    let mut no_trials = study();
    no_trials
        .cells
        .iter_mut()
        .for_each(|cell| cell.trials.clear());
    no_trials.interrupted = true;
    let page = one(&no_trials);
    assert!(page.html.contains("No trial was completed") && page.pictures.is_empty());
    assert!(page.html.contains("Ended early"));
    let mut invalid = study();
    for trial in invalid.cells.iter_mut().flat_map(|cell| &mut cell.trials) {
        trial.validity.verdict = Verdict::Invalid;
        trial.validity.reasons = vec!["no right reply came".to_owned()];
    }
    let html = one(&invalid).html;
    assert!(
        html.contains("nothing to put in order"),
        "no order is claimed"
    );
    assert!(html.contains("Invalid in ") && !html.contains("needs the least"));
    let mut few = study();
    few.cells
        .iter_mut()
        .for_each(|cell| cell.trials.truncate(2));
    assert!(one(&few).html.contains("too few to rank"));
    let mut without_histograms = study();
    for trial in without_histograms
        .cells
        .iter_mut()
        .flat_map(|cell| &mut cell.trials)
    {
        trial.histograms = Default::default();
        trial.series.clear();
    }
    let page = one(&without_histograms);
    assert!(
        page.pictures
            .iter()
            .all(|(name, _)| !name.starts_with("percentiles"))
    );
}

pub(crate) fn checked(outcome: Outcome) -> Record {
    let finding = |metric: &str, worse: f64| Finding {
        metric: metric.to_owned(),
        gated: metric != "p50",
        advisory: None,
        outcome,
        worse,
        low: worse * 0.95,
        high: worse * 1.06,
        bound: worse * 1.05,
        margin: 0.1,
        p: 0.0004,
        pairs: (0..20)
            .map(|at| worse * (0.9 + 0.01 * f64::from(at)))
            .collect(),
        medians: [20.0, 20.0 * worse],
    };
    let side = |role: &str, times: f64| {
        let mut cell = cell("async", six(times));
        cell.contestant.role = Some(role.to_owned());
        cell
    };
    let mut record = record(vec![side("baseline", 1.2), side("candidate", 1.0)]);
    record.check = Some(CheckInfo {
        outcome,
        rules: Rules {
            alpha: 0.05,
            delta: 0.05,
            margin: 0.1,
            margin_p99: 0.3,
            gate_p99: false,
        },
        baseline: "target/base".to_owned(),
        looks: vec![Look {
            pairs: 20,
            alpha: 0.01,
        }],
        parts: vec![Part {
            name: "async".to_owned(),
            scenario: None,
            clients: 64,
            outcome,
            reasons: Vec::new(),
            redone: 0,
            order_effect: None,
            drift: None,
            findings: vec![finding("cpu_us_per_request", 1.2), finding("p50", 1.1)],
        }],
    });
    record
}

#[test]
fn a_check_has_its_verdict_a_forest_plot_and_a_dot_a_pair() {
    let page = one(&checked(Outcome::Regressed));
    let text = words(&page.html);
    assert!(text.contains("The verdict: REGRESSED"), "{text}");
    assert!(
        text.contains("async, 64 clients: CPU a request | +20.0 % | +14.0 % to +27.2 %"),
        "{text}"
    );
    let names: Vec<&str> = page
        .pictures
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names[..2], ["check-0-forest.svg", "check-0-pairs.svg"]);
    // Its sides are compared by the check alone.
    assert!(!page.html.contains("id=\"orders\"") && !page.html.contains("id=\"answer\""));
    let (_, throughput) = page
        .pictures
        .iter()
        .find(|(name, _)| name.starts_with("throughput"))
        .unwrap();
    for side in ["async baseline", "async candidate"] {
        assert!(
            throughput.contains(&format!("data-series=\"{side}\"")),
            "{side}"
        );
    }
    let (_, pairs) = &page.pictures[1];
    assert_eq!(
        pairs.matches("pair 7").count(),
        4,
        "a tip and a title for each of two metrics"
    );
}
