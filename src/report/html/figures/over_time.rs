//! What happened in the course of a trial.

use super::figure::{Figure, axis};
use crate::findings::Summary;
use crate::record::{Interval, Trial};
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{LoadGroup, ScenarioGroup, Study};

/// What an interval shows, of which this is the length in seconds.
type Of = fn(&Interval, f64) -> Option<f64>;

/// A figure of each interval.
struct Course {
    id: &'static str,
    label: &'static str,
    unit: Unit,
    of: Of,
}

const P99: Course = Course {
    id: "p99",
    label: "p99 of the replies in an interval",
    unit: Unit::TimeNs,
    of: |interval, _| interval.p99.map(|ns| ns as f64),
};

const P50: Course = Course {
    id: "p50",
    label: "p50 of the replies in an interval",
    unit: Unit::TimeNs,
    of: |interval, _| interval.p50.map(|ns| ns as f64),
};

const REPLIES: Course = Course {
    id: "replies",
    label: "right replies a second",
    unit: Unit::Rate,
    of: |interval, seconds| Some(interval.requests as f64 / seconds),
};

const UNDER_WAY: Course = Course {
    id: "under-way",
    label: "requests under way",
    unit: Unit::Count,
    of: |interval, _| interval.under_way.map(|requests| requests as f64),
};

pub(crate) fn figures(study: &Study<'_>) -> Vec<Figure> {
    let scenes = study.scenes.iter();
    scenes.flat_map(|scene| of_scene(study, scene)).collect()
}

/// Latencies, as far out as there are samples for; an overload has none: of it the replies, and what piles up.
fn of_scene(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Vec<Figure> {
    let groups = scene.middle();
    let overload = groups.iter().any(|group| group.load.then.is_some());
    let courses: &[Course] = if overload {
        &[REPLIES, UNDER_WAY]
    } else if replies_an_interval(&groups) >= FOR_P99 {
        &[P99]
    } else {
        &[P50]
    };
    let figures = courses
        .iter()
        .map(|course| figure(study, scene, &groups, course));
    figures.flatten().collect()
}

/// Ten replies lie beyond the p99 of so many.
const FOR_P99: u64 = 1000;

/// Replies in half of the intervals of the contestant that served all and had the fewest.
fn replies_an_interval(groups: &[&LoadGroup<'_>]) -> u64 {
    let served = groups
        .iter()
        .flat_map(|group| &group.summaries)
        .filter(|summary| !summary.unserved());
    let median = |summary: &Summary<'_>| {
        let trial = median_trial(summary)?;
        let mut replies: Vec<u64> = trial
            .series
            .iter()
            .map(|interval| interval.requests)
            .collect();
        replies.sort_unstable();
        replies.get(replies.len() / 2).copied()
    };
    served.filter_map(median).min().unwrap_or(0)
}

fn figure(
    study: &Study<'_>,
    scene: &ScenarioGroup<'_>,
    groups: &[&LoadGroup<'_>],
    course: &Course,
) -> Option<Figure> {
    let (mut series, mut unserved) = (Vec::new(), Vec::new());
    for group in groups {
        for summary in &group.summaries {
            let (name, look) = study.series_of(group.source, summary);
            // As in a distribution: latencies of the few that were served say nothing of the others.
            if summary.unserved() && course.unit == Unit::TimeNs {
                unserved.push(name);
                continue;
            }
            let points = median_trial(summary).map(|trial| points(trial, group, course.of));
            let points = points.filter(|points| !points.is_empty());
            series.extend(points.map(|points| Series { name, look, points }));
        }
    }
    let scale = if course.unit == Unit::TimeNs {
        Scale::Log
    } else {
        Scale::Linear
    };
    let (id, label) = (course.id, course.label);
    let chart = Chart {
        id: format!("time-{id}-{}", scene.id),
        title: format!(
            "{}: {} over time, {}",
            scene.title,
            id.replace('-', " "),
            study.label(groups)
        ),
        about: format!("{label}, from the window's begin, of each contestant"),
        kind: Kind::Lines,
        x: axis(
            "seconds from the window's begin",
            Scale::Linear,
            Unit::Seconds,
        ),
        y: axis(label, scale, course.unit),
        series,
    };
    let note = format!(
        "Only of the clients that were served: {}.",
        unserved.join(", ")
    );
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: (!unserved.is_empty()).then_some(note),
        warnings: study.warnings(groups.iter().copied()),
    })
}

fn median_trial<'a>(summary: &Summary<'a>) -> Option<&'a Trial> {
    let mut trials: Vec<&Trial> = summary.cell.trials.iter().collect();
    trials.sort_by(|a, b| a.throughput_rps.total_cmp(&b.throughput_rps));
    trials.get(trials.len() / 2).copied()
}

fn points(trial: &Trial, group: &LoadGroup<'_>, of: Of) -> Vec<Point> {
    let ends = trial.series.iter().skip(1).map(|interval| interval.t_s);
    let ends = ends.chain([group.load.duration_s]);
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
