//! One figure a contestant and load: against clients or rates where there are several, else a row each.

use super::figure::{Figure, axis};
use crate::findings::{Figure as Value, Summary};
use crate::record::{Mode, Trial};
use crate::report::chart::data::{Axis, Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{LoadGroup, ScenarioGroup, Study};

/// A figure to be drawn for every contestant and load.
struct Measure {
    id: &'static str,
    name: &'static str,
    label: &'static str,
    unit: Unit,
    of: fn(&Trial) -> Option<f64>,
    /// Whether a limit of the generator makes it a lower bound.
    is_bounded: bool,
    /// Whether it says anything at different rates of the same clients.
    tells_of_rates: bool,
    /// Whether what speaks against a trial touches it.
    is_touched: bool,
}

const THROUGHPUT: Measure = Measure {
    id: "throughput",
    name: "throughput",
    label: "right replies a second",
    unit: Unit::Rate,
    of: |trial| Some(trial.throughput_rps),
    is_bounded: true,
    tells_of_rates: true,
    is_touched: true,
};

const CPU: Measure = Measure {
    id: "cpu",
    name: "server CPU a request",
    label: "CPU a request (µs)",
    unit: Unit::Micros,
    of: |trial| trial.server.cpu_us_per_request,
    is_bounded: false,
    tells_of_rates: true,
    is_touched: true,
};

const MEMORY: Measure = Measure {
    id: "memory",
    name: "memory",
    label: "peak of memory (PSS)",
    unit: Unit::Bytes,
    of: |trial| trial.server.pss_peak_bytes.map(|bytes| bytes as f64),
    is_bounded: false,
    tells_of_rates: false,
    is_touched: false,
};

const PROCESSES: Measure = Measure {
    id: "processes",
    name: "processes",
    label: "peak of processes",
    unit: Unit::Count,
    of: |trial| {
        trial
            .server
            .processes_peak
            .map(|processes| processes as f64)
    },
    is_bounded: false,
    tells_of_rates: false,
    is_touched: false,
};

const THREADS: Measure = Measure {
    id: "threads",
    name: "threads",
    label: "peak of threads, all processes together",
    unit: Unit::Count,
    of: |trial| trial.server.threads_peak.map(|threads| threads as f64),
    is_bounded: false,
    tells_of_rates: false,
    is_touched: false,
};

const WAIT: Measure = Measure {
    id: "wait",
    name: "longest wait of a client",
    label: "longest wait of the client that waited longest",
    unit: Unit::TimeNs,
    of: |trial| trial.client_wait_ns.max.map(|ns| ns as f64),
    is_bounded: false,
    tells_of_rates: false,
    is_touched: true,
};

const FAIRNESS: Measure = Measure {
    id: "fairness",
    name: "fairness over clients",
    label: "Jain's index (1 is fair)",
    unit: Unit::Plain,
    of: |trial| trial.fairness_jain,
    is_bounded: false,
    tells_of_rates: false,
    is_touched: true,
};

/// In an open loop throughput is what was asked for.
pub(crate) fn throughput(study: &Study<'_>) -> Vec<Figure> {
    let closed = |scene: &&ScenarioGroup<'_>| {
        scene
            .groups
            .iter()
            .all(|group| group.load.mode == Mode::Closed)
    };
    let scenes = study.scenes.iter().filter(closed);
    scenes
        .filter_map(|scene| figure(study, scene, &THROUGHPUT))
        .collect()
}

pub(crate) fn cpu(study: &Study<'_>) -> Vec<Figure> {
    let scenes = study.scenes.iter();
    scenes
        .filter_map(|scene| figure(study, scene, &CPU))
        .collect()
}

pub(crate) fn memory(study: &Study<'_>) -> Vec<Figure> {
    let all = |scene| [&MEMORY, &PROCESSES, &THREADS].map(|measure| figure(study, scene, measure));
    study.scenes.iter().flat_map(all).flatten().collect()
}

pub(crate) fn wait(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Option<Figure> {
    figure(study, scene, &WAIT)
}

pub(crate) fn fairness(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Option<Figure> {
    figure(study, scene, &FAIRNESS)
}

fn figure(study: &Study<'_>, scene: &ScenarioGroup<'_>, measure: &Measure) -> Option<Figure> {
    let x = across(scene);
    let against_rates = x.as_ref().is_some_and(|x| x.unit == Unit::Rate);
    if against_rates && !measure.tells_of_rates {
        return None;
    }
    let mut series: Vec<Series> = Vec::new();
    for group in &scene.groups {
        for summary in &group.summaries {
            let Some(point) = point(group, summary, measure, x.as_ref()) else {
                continue;
            };
            let (name, look) = study.series_of(group.source, summary);
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
    if series.is_empty() {
        return None;
    }
    let load = match x {
        None => format!(", {}", study.label(&scene.middle())),
        Some(_) => String::new(),
    };
    let value = axis(measure.label, Scale::Linear, measure.unit);
    let (kind, x, y) = match x {
        Some(x) => (Kind::Lines, x, value),
        None => (Kind::Rows { reference: None }, value.clone(), value),
    };
    let chart = Chart {
        id: format!("{}-{}", measure.id, scene.id),
        title: format!("{}: {}{load}", scene.title, measure.name),
        about: format!("{} of each contestant under {}", measure.name, scene.title),
        kind,
        x,
        y,
        series,
    };
    Some(Figure {
        chart,
        note: None,
        warnings: if measure.is_touched {
            study.warnings(&scene.groups)
        } else {
            Vec::new()
        },
    })
}

/// What the loads of a scene differ by, as an axis.
fn across(scene: &ScenarioGroup<'_>) -> Option<Axis> {
    let differ = |of: fn(&LoadGroup<'_>) -> f64| {
        let mut values = scene.groups.iter().map(of);
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    if differ(|group| group.load.clients as f64) {
        Some(axis("clients", Scale::Log, Unit::Count))
    } else if differ(|group| group.load.rate_rps.unwrap_or(0.0)) && is_ladder(scene) {
        Some(axis("requests offered a second", Scale::Linear, Unit::Rate))
    } else {
        None
    }
}

/// Whether some record has several rates; two records with one rate each have none to go along.
pub(crate) fn is_ladder(scene: &ScenarioGroup<'_>) -> bool {
    let rates = |source| {
        let groups = scene.of_source(source);
        groups.filter(|group| group.load.rate_rps.is_some()).count()
    };
    let sources = scene.groups.iter().map(|group| group.source);
    sources
        .max()
        .is_some_and(|last| (0..=last).any(|source| rates(source) > 1))
}

fn point(
    group: &LoadGroup<'_>,
    summary: &Summary<'_>,
    measure: &Measure,
    x: Option<&Axis>,
) -> Option<Point> {
    let value = Value::of(&summary.cell.trials, measure.of)?;
    let range = Some((value.low, value.high)).filter(|_| summary.cell.trials.len() > 1);
    let limited = measure.is_bounded && summary.limited;
    let mut notes = Vec::new();
    if limited {
        notes.push("a lower bound: the generator was the limit".to_owned());
    }
    if summary.unserved() {
        notes.push(format!(
            "{} of {} clients served",
            summary.served, summary.asked
        ));
    }
    let mark = if notes.is_empty() {
        Mark::Full
    } else {
        Mark::Hollow
    };
    let (x, y) = match x {
        None => (value.median, 0.0),
        Some(axis) if axis.unit == Unit::Count => (group.load.clients as f64, value.median),
        Some(_) => (group.load.rate_rps?, value.median),
    };
    Some(Point {
        x,
        y,
        range,
        mark,
        note: notes.join("; "),
    })
}
