//! What happened in the course of a trial.

use super::super::super::chart::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use super::super::super::summary::Summary;
use super::super::scene::{Scene, Study};
use super::{Figure, axis};
use crate::record::{Interval, Trial};

pub(super) fn figures(study: &Study<'_>) -> Vec<Figure> {
    study
        .scenes
        .iter()
        .flat_map(|scene| of_scene(study, scene))
        .collect()
}

/// p99; of an overload the right replies, which fall when it is too much and rise with what had piled up.
fn of_scene(study: &Study<'_>, scene: &Scene<'_>) -> Vec<Figure> {
    let overload = scene.groups.iter().any(|group| group.load.then.is_some());
    let p99 = |interval: &Interval, _: f64| interval.p99.map(|ns| ns as f64);
    let rate = |interval: &Interval, seconds: f64| Some(interval.requests as f64 / seconds);
    let p99 = figure(
        study,
        scene,
        "p99",
        "p99 of the replies in an interval",
        Unit::TimeNs,
        p99,
    );
    let rate = overload
        .then(|| {
            figure(
                study,
                scene,
                "replies",
                "right replies a second",
                Unit::Rate,
                rate,
            )
        })
        .flatten();
    rate.into_iter().chain(p99).collect()
}

fn figure(
    study: &Study<'_>,
    scene: &Scene<'_>,
    what: &str,
    label: &str,
    unit: Unit,
    of: impl Fn(&Interval, f64) -> Option<f64>,
) -> Option<Figure> {
    let groups = scene.middle();
    let mut series = Vec::new();
    for group in &groups {
        for summary in &group.summaries {
            let Some(trial) = median_trial(summary) else {
                continue;
            };
            let points = points(trial, group.load.duration_s, &of);
            if !points.is_empty() {
                let (name, look) = study.series_of(group.source, summary);
                series.push(Series { name, look, points });
            }
        }
    }
    let label_of_load = groups.first()?.label();
    let scale = if unit == Unit::TimeNs {
        Scale::Log
    } else {
        Scale::Linear
    };
    let chart = Chart {
        id: format!("time-{what}-{}", scene.id),
        title: format!("{}: {what} over time, {label_of_load}", scene.title),
        about: format!("{label}, from the window's begin, of each contestant"),
        kind: Kind::Lines,
        x: axis(
            "seconds from the window's begin",
            Scale::Linear,
            Unit::Seconds,
        ),
        y: axis(label, scale, unit),
        series,
    };
    let starved: Vec<String> = groups
        .iter()
        .flat_map(|group| {
            group
                .summaries
                .iter()
                .map(|summary| (group.source, summary))
        })
        .filter(|(_, summary)| summary.unserved())
        .map(|(source, summary)| study.name(source, summary))
        .collect();
    let note = (!starved.is_empty()).then(|| {
        format!(
            "Only of the clients that were served: {}.",
            starved.join(", ")
        )
    });
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note,
        warnings: scene.warnings(),
    })
}

fn median_trial<'a>(summary: &Summary<'a>) -> Option<&'a Trial> {
    let mut trials: Vec<&Trial> = summary.cell.trials.iter().collect();
    trials.sort_by(|a, b| a.throughput_rps.total_cmp(&b.throughput_rps));
    trials.get(trials.len() / 2).copied()
}

fn points(
    trial: &Trial,
    duration_s: f64,
    of: impl Fn(&Interval, f64) -> Option<f64>,
) -> Vec<Point> {
    let ends = trial.series.iter().skip(1).map(|interval| interval.t_s);
    let ends = ends.chain([duration_s]);
    let point = |(interval, end_s): (&Interval, f64)| {
        Some(Point {
            x: interval.t_s,
            y: of(interval, end_s - interval.t_s)?,
            range: None,
            mark: Mark::None,
            note: String::new(),
        })
    };
    trial.series.iter().zip(ends).filter_map(point).collect()
}
