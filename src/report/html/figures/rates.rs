//! Response time against offered rate.

use super::figure::{Figure, axis, note_of_unserved};
use crate::findings::{Figure as Value, Shown, Summary};
use crate::record::{Mode, Trial};
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{PageData, ScenarioGroup};

/// A quantile: its name, its value from 0 to 1, and its field in a trial.
type Quantile = (&'static str, f64, fn(&Trial) -> Option<u64>);

const QUANTILES: [Quantile; 2] = [
    ("p50", 0.5, |trial| trial.latency_ns.p50),
    ("p99", 0.99, |trial| trial.latency_ns.p99),
];

pub(crate) fn figures(page: &PageData<'_>) -> Vec<Figure> {
    let open = |scenario: &&ScenarioGroup<'_>| {
        let mut groups = scenario.groups.iter();
        groups.all(|group| group.load.mode != Mode::Closed && group.load.then.is_none())
            && super::side::is_ladder(scenario)
    };
    let scenarios = page.scenarios.iter().filter(open);
    scenarios
        .flat_map(|scenario| {
            QUANTILES
                .iter()
                .filter_map(|quantile| figure(page, scenario, quantile))
        })
        .collect()
}

fn figure(
    page: &PageData<'_>,
    scenario: &ScenarioGroup<'_>,
    quantile: &Quantile,
) -> Option<Figure> {
    let mut series: Vec<Series> = Vec::new();
    let mut unserved: Vec<String> = Vec::new();
    for group in &scenario.groups {
        for summary in &group.summaries {
            let (name, look) = page.series_of(group.source, summary);
            if summary.unserved() && !unserved.contains(&name) {
                unserved.push(name.clone());
            }
            let Some(point) = point(summary, quantile) else {
                continue;
            };
            match series.iter_mut().find(|series| series.name == name) {
                Some(series) => series.points.push(point),
                None => series.push(Series {
                    name,
                    look,
                    points: vec![point],
                }),
            }
        }
    }
    let (name, ..) = quantile;
    let chart = Chart {
        id: format!("rate-{name}-{}", scenario.id),
        title: format!("{}: {name} against offered rate", scenario.title),
        about: format!("{name} of the response time at each offered rate, of each server"),
        kind: Kind::Lines,
        x: super::side::rate_axis(scenario),
        y: axis(&format!("response time, {name}"), Scale::Log, Unit::TimeNs),
        series,
    };
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: note_of_unserved(&unserved),
        warnings: page.warnings(&scenario.groups),
    })
}

fn point(summary: &Summary<'_>, (_, q, of): &Quantile) -> Option<Point> {
    let shown = summary.latency(*q, of);
    let (value, bound) = match shown {
        Shown::Is(value) => (value, false),
        Shown::Over(value) => (value, true),
        Shown::Starved | Shown::TooFew => return None,
    };
    if summary.unserved() {
        return None;
    }
    let range = Value::of(summary.trials(), |trial| of(trial).map(|ns| ns as f64));
    let mut notes = Vec::new();
    if bound {
        notes.push("a lower bound");
    }
    if summary.over_capacity() {
        notes.push("over capacity: it only shows how long the run was");
    }
    Some(Point {
        x: summary.cell.load.rate_rps?,
        y: value,
        range: range.map(|range| (range.low, range.high)),
        mark: if notes.is_empty() {
            Mark::Full
        } else {
            Mark::Hollow
        },
        note: notes.join("; "),
    })
}
