//! Records of whole studies, and their pages.

use hdrhistogram::Histogram;
use rpcbench::internal::report::html::page::page;
use rpcbench::internal::report::{Page, Source};
use rpcbench::record::histogram::encode;
use rpcbench::record::{
    Cell, CheckInfo, Finding, Interval, Look, Method, Metric, Mode, Outcome, Part, Record, Role,
    Rules, ScenarioInfo, Trial, ValidityFinding, WorkerSide,
};

use super::records::{cell, record, six, starved, suspect};

/// The text of a histogram of latencies from `us` microseconds on, with a tail.
pub(crate) fn histogram(us: u64) -> String {
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

pub(crate) fn workers(mut cell: Cell) -> Cell {
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

pub(crate) fn info(name: &str) -> ScenarioInfo {
    ScenarioInfo {
        name: name.to_owned(),
        about: format!("what {name} is"),
        reads: "its figures".to_owned(),
    }
}

/// Two scenarios: one at two numbers of clients, with a server that starves clients; a ladder of
/// two rates.
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
    cells[4].trials[2].validity = suspect(vec![ValidityFinding::HypervisorSteal {
        stolen_share: 0.12,
    }]);
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
pub(crate) fn two_records(records: [(&str, &Record); 2]) -> Page {
    let source = |(label, record): (&str, _)| Source {
        label: label.to_owned(),
        record,
    };
    page(&records.map(source))
}

/// The visible text of a page, one line per block.
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

pub(crate) fn checked(outcome: Outcome) -> Record {
    let finding = |metric: Metric, worse: f64| Finding {
        metric,
        gated: metric != Metric::P50,
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
        load: None,
        low_bound: None,
        mean: None,
        evidence: None,
        power: None,
        slow_starts: None,
        delayed_pairs: 0,
    };
    let side = |role: Role, times: f64| {
        let mut cell = cell("async", six(times));
        cell.contestant.role = Some(role);
        cell
    };
    let mut record = record(vec![side(Role::Baseline, 1.2), side(Role::Candidate, 1.0)]);
    record.check = Some(CheckInfo {
        outcome,
        rules: Rules::default(),
        baseline: "target/base".to_owned(),
        candidate: "target/head".to_owned(),
        looks: vec![Look {
            pairs: 20,
            alpha: 0.01,
        }],
        method: Method::Looks,
        labels: None,
        gated: 2,
        budget_s: None,
        took_s: None,
        ended_by: None,
        programs: Vec::new(),
        parts: vec![Part {
            slow_starts: None,
            name: "async".to_owned(),
            scenario: None,
            clients: 64,
            outcome,
            reasons: Vec::new(),
            redone: 0,
            order_effect: None,
            drift: None,
            findings: vec![
                finding(Metric::CpuUsPerRequest, 1.2),
                finding(Metric::P50, 1.1),
            ],
            loads: Vec::new(),
            reliability: None,
            pairs: Vec::new(),
        }],
    });
    record
}
