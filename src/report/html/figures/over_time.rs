//! Charts over the time of a trial.

use super::figure::{Figure, axis, note_of_unserved};
use crate::findings::Summary;
use crate::record::{Interval, Trial};
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{LoadGroup, PageData, ScenarioGroup};

/// The value of an interval; the second argument is its length in seconds.
type ValueOf = fn(&Interval, f64) -> Option<f64>;

/// A value to draw per interval.
struct TimeSeries {
    id: &'static str,
    name: &'static str,
    label: &'static str,
    unit: Unit,
    of: ValueOf,
}

const P99: TimeSeries = TimeSeries {
    id: "p99",
    name: "p99",
    label: "p99 of the replies in an interval",
    unit: Unit::TimeNs,
    of: |interval, _| interval.p99.map(|ns| ns as f64),
};

const P50: TimeSeries = TimeSeries {
    id: "p50",
    name: "p50",
    label: "p50 of the replies in an interval",
    unit: Unit::TimeNs,
    of: |interval, _| interval.p50.map(|ns| ns as f64),
};

const REPLIES: TimeSeries = TimeSeries {
    id: "replies",
    name: "replies",
    label: "correct replies per second",
    unit: Unit::Rate,
    of: |interval, seconds| Some(interval.requests as f64 / seconds),
};

const IN_PROGRESS: TimeSeries = TimeSeries {
    id: "under-way",
    name: "requests in progress",
    label: "requests in progress",
    unit: Unit::Count,
    of: |interval, _| interval.under_way.map(|requests| requests as f64),
};

pub(crate) fn figures(page: &PageData<'_>) -> Vec<Figure> {
    let scenarios = page.scenarios.iter();
    scenarios
        .flat_map(|scenario| of_scenario(page, scenario))
        .collect()
}

/// p99, or p50 if intervals have too few replies; of an overload replies and requests in progress.
fn of_scenario(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Vec<Figure> {
    let groups = scenario.middle();
    let overload = groups.iter().any(|group| group.load.then.is_some());
    let measures: &[TimeSeries] = if overload {
        &[REPLIES, IN_PROGRESS]
    } else if replies_per_interval(&groups) >= FOR_P99 {
        &[P99]
    } else {
        &[P50]
    };
    let figures = measures
        .iter()
        .map(|measure| figure(page, scenario, &groups, measure));
    figures.flatten().collect()
}

/// Replies per interval that p99 needs: ten lie beyond it.
const FOR_P99: u64 = 1000;

/// The median replies per interval of the slowest server that served all clients.
fn replies_per_interval(groups: &[&LoadGroup<'_>]) -> u64 {
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
    page: &PageData<'_>,
    scenario: &ScenarioGroup<'_>,
    groups: &[&LoadGroup<'_>],
    measure: &TimeSeries,
) -> Option<Figure> {
    let (mut series, mut unserved) = (Vec::new(), Vec::new());
    for group in groups {
        for summary in &group.summaries {
            let (name, look) = page.series_of(group.source, summary);
            // Latencies of the served clients do not describe the unserved ones.
            if summary.unserved() && measure.unit == Unit::TimeNs {
                unserved.push(name);
                continue;
            }
            let points = median_trial(summary).map(|trial| points(trial, group, measure.of));
            let points = points.filter(|points| !points.is_empty());
            series.extend(points.map(|points| Series { name, look, points }));
        }
    }
    let scale = if measure.unit == Unit::TimeNs {
        Scale::Log
    } else {
        Scale::Linear
    };
    let (id, label) = (measure.id, measure.label);
    let chart = Chart {
        id: format!("time-{id}-{}", scenario.id),
        title: format!(
            "{}: {} over time, {}",
            scenario.title,
            measure.name,
            page.label(groups)
        ),
        about: format!("{label}, from the start of the window, of each server"),
        kind: Kind::Lines,
        x: axis(
            "seconds from the start of the window",
            Scale::Linear,
            Unit::Seconds,
        ),
        y: axis(label, scale, measure.unit),
        series,
    };
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: note_of_unserved(&unserved),
        warnings: page.warnings(groups.iter().copied()),
    })
}

fn median_trial<'a>(summary: &Summary<'a>) -> Option<&'a Trial> {
    let mut trials: Vec<&Trial> = summary.trials().iter().collect();
    trials.sort_by(|a, b| a.throughput_rps.total_cmp(&b.throughput_rps));
    trials.get(trials.len() / 2).copied()
}

fn points(trial: &Trial, group: &LoadGroup<'_>, of: ValueOf) -> Vec<Point> {
    let ends = trial.series.iter().skip(1).map(|interval| interval.t_s);
    let ends = ends.chain([trial.window_s(group.load)]);
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
