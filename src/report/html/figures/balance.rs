//! Fairness over clients, and balance over workers.

use super::figure::{Figure, axis};
use super::side;
use crate::findings::Summary;
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{PageData, ScenarioGroup};

pub(crate) fn figures(page: &PageData<'_>) -> Vec<Figure> {
    let charts = |scenario: &ScenarioGroup<'_>| {
        let fairness = is_unfair(scenario).then(|| side::fairness(page, scenario));
        let wait = makes_wait(scenario).then(|| side::wait(page, scenario));
        [fairness.flatten(), wait.flatten(), workers(page, scenario)]
    };
    page.scenarios.iter().flat_map(charts).flatten().collect()
}

/// Whether a server treats clients differently; otherwise the chart is left out.
fn is_unfair(scenario: &ScenarioGroup<'_>) -> bool {
    const FAIR: f64 = 0.98;
    // A skewed load gives unequal replies by design.
    if scenario
        .groups
        .iter()
        .any(|group| group.load.skew.is_some())
    {
        return false;
    }
    let summaries = || scenario.groups.iter().flat_map(|group| &group.summaries);
    let mut indices = summaries().filter_map(|summary| summary.fairness);
    indices.any(|fairness| fairness.median < FAIR)
}

/// Whether clients may wait long: all reconnect at once, or idle connections hold places.
fn makes_wait(scenario: &ScenarioGroup<'_>) -> bool {
    let mut loads = scenario.groups.iter().map(|group| group.load);
    loads.any(|load| load.reconnect_every.is_some() || load.idle > 0)
}

/// Each worker's share of the requests, at the middle load.
fn workers(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Option<Figure> {
    let groups = scenario.middle();
    let mut series = Vec::new();
    for group in &groups {
        for summary in &group.summaries {
            let points = shares(summary);
            if !points.is_empty() {
                let (name, look) = page.series_of(group.source, summary);
                series.push(Series { name, look, points });
            }
        }
    }
    let label = page.label(&groups);
    let chart = Chart {
        id: format!("workers-{}", scenario.id),
        title: format!("{}: balance over workers, {label}", scenario.title),
        about: "each worker's share of the requests, one dot per worker and round".to_owned(),
        kind: Kind::Rows { reference: None },
        x: axis("share of the requests", Scale::Linear, Unit::Percent),
        y: axis("", Scale::Linear, Unit::Plain),
        series,
    };
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: None,
        warnings: page.warnings(groups.iter().copied()),
    })
}

fn shares(summary: &Summary<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    for trial in summary.trials() {
        let workers = trial.server.workers.as_deref().unwrap_or_default();
        let all: u64 = workers.iter().map(|worker| worker.requests).sum();
        if all == 0 {
            continue;
        }
        for (at, worker) in workers.iter().enumerate() {
            points.push(Point {
                x: worker.requests as f64 / all as f64,
                y: 0.0,
                range: None,
                mark: Mark::Dot,
                note: format!("worker {}, round {}", at + 1, trial.round + 1),
            });
        }
    }
    points
}
