//! Who gets how much: clients of the service, workers of the work.

use super::figure::{Figure, axis};
use super::side;
use crate::findings::Summary;
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{ScenarioGroup, Study};

pub(crate) fn figures(study: &Study<'_>) -> Vec<Figure> {
    let both = |scene: &ScenarioGroup<'_>| {
        let fairness = is_unfair(scene).then(|| side::fairness(study, scene));
        let wait = makes_wait(scene).then(|| side::wait(study, scene));
        [fairness.flatten(), wait.flatten(), workers(study, scene)]
    };
    study.scenes.iter().flat_map(both).flatten().collect()
}

/// A scene in which all have nearly the same needs no picture of it.
fn is_unfair(scene: &ScenarioGroup<'_>) -> bool {
    const FAIR: f64 = 0.98;
    // What is dealt unevenly is served unevenly.
    if scene.groups.iter().any(|group| group.load.skew.is_some()) {
        return false;
    }
    let summaries = || scene.groups.iter().flat_map(|group| &group.summaries);
    let mut indices = summaries().filter_map(|summary| summary.fairness);
    indices.any(|fairness| fairness.median < FAIR)
}

/// Where all clients come at once, or others hold places, how long one waits is the question.
fn makes_wait(scene: &ScenarioGroup<'_>) -> bool {
    let mut loads = scene.groups.iter().map(|group| group.load);
    loads.any(|load| load.reconnect_every_s.is_some() || load.idle > 0)
}

/// Each worker's share of the requests, at the load in the middle.
fn workers(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Option<Figure> {
    let groups = scene.middle();
    let mut series = Vec::new();
    for group in &groups {
        for summary in &group.summaries {
            let points = shares(summary);
            if !points.is_empty() {
                let (name, look) = study.series_of(group.source, summary);
                series.push(Series { name, look, points });
            }
        }
    }
    let label = study.label(&groups);
    let chart = Chart {
        id: format!("workers-{}", scene.id),
        title: format!("{}: balance over workers, {label}", scene.title),
        about: "each worker's share of the requests, a dot a worker and round".to_owned(),
        kind: Kind::Rows { reference: None },
        x: axis("share of the requests", Scale::Linear, Unit::Percent),
        y: axis("", Scale::Linear, Unit::Plain),
        series,
    };
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: None,
        warnings: study.warnings(groups.iter().copied()),
    })
}

fn shares(summary: &Summary<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    for trial in &summary.cell.trials {
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
