//! One value per server and load: against clients or rates if there are several, otherwise one row per server.

use super::figure::{Figure, axis, note_of_unserved};
use crate::findings::{Figure as Value, Summary};
use crate::record::{Mode, Trial};
use crate::report::chart::data::{Axis, Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{LoadGroup, PageData, ScenarioGroup};

/// A value to draw per server and load.
struct Measure {
    id: &'static str,
    name: &'static str,
    label: &'static str,
    unit: Unit,
    of: fn(&Trial) -> Option<f64>,
    /// Whether it is a lower bound when the generator was the limit.
    is_bounded: bool,
    /// Whether to draw it against the offered rate.
    against_rates: bool,
    /// Whether the warnings of a trial concern it.
    has_warnings: bool,
    /// Whether it is unknown if one trial lacks it.
    needs_all_trials: bool,
}

const THROUGHPUT: Measure = Measure {
    id: "throughput",
    name: "throughput",
    label: "correct replies per second",
    unit: Unit::Rate,
    of: |trial| Some(trial.throughput_rps),
    is_bounded: true,
    against_rates: true,
    has_warnings: true,
    needs_all_trials: false,
};

const CPU: Measure = Measure {
    id: "cpu",
    name: "server CPU per request",
    label: "CPU per request (µs)",
    unit: Unit::Micros,
    of: |trial| trial.server.cpu_us_per_request,
    is_bounded: false,
    against_rates: true,
    has_warnings: true,
    needs_all_trials: false,
};

const MACHINE_CPU: Measure = Measure {
    id: "machine-cpu",
    name: "CPU of the machine per request",
    label: "CPU of server, generator and kernel (µs)",
    unit: Unit::Micros,
    of: |trial| trial.machine?.cpu_us_per_request,
    is_bounded: false,
    against_rates: true,
    has_warnings: false,
    needs_all_trials: false,
};

const MEMORY: Measure = Measure {
    id: "memory",
    name: "memory",
    label: "peak memory (PSS)",
    unit: Unit::Bytes,
    of: |trial| trial.server.pss_peak_bytes.map(|bytes| bytes as f64),
    is_bounded: false,
    against_rates: false,
    has_warnings: false,
    needs_all_trials: true,
};

const PROCESSES: Measure = Measure {
    id: "processes",
    name: "processes",
    label: "peak number of processes",
    unit: Unit::Count,
    of: |trial| {
        trial
            .server
            .processes_peak
            .map(|processes| processes as f64)
    },
    is_bounded: false,
    against_rates: false,
    has_warnings: false,
    needs_all_trials: false,
};

const THREADS: Measure = Measure {
    id: "threads",
    name: "threads",
    label: "peak number of threads, all processes",
    unit: Unit::Count,
    of: |trial| trial.server.threads_peak.map(|threads| threads as f64),
    is_bounded: false,
    against_rates: false,
    has_warnings: false,
    needs_all_trials: false,
};

const WAIT: Measure = Measure {
    id: "wait",
    name: "longest wait of a client",
    label: "longest wait of any client",
    unit: Unit::TimeNs,
    of: |trial| trial.client_wait_ns.max.map(|ns| ns as f64),
    is_bounded: false,
    against_rates: false,
    has_warnings: true,
    needs_all_trials: false,
};

const FAIRNESS: Measure = Measure {
    id: "fairness",
    name: "fairness over clients",
    label: "Jain's index (1 is fair)",
    unit: Unit::Plain,
    of: |trial| trial.fairness_jain,
    is_bounded: false,
    against_rates: false,
    has_warnings: true,
    needs_all_trials: false,
};

const VOLUNTARY: Measure = Measure {
    id: "switches",
    name: "voluntary context switches per request",
    label: "wake-ups per request",
    unit: Unit::Plain,
    of: |trial| trial.server.voluntary_switches_per_request,
    is_bounded: false,
    against_rates: true,
    has_warnings: true,
    needs_all_trials: false,
};

const INVOLUNTARY: Measure = Measure {
    id: "preemptions",
    name: "involuntary context switches per request",
    label: "involuntary context switches per request",
    unit: Unit::Plain,
    of: |trial| trial.server.involuntary_switches_per_request,
    is_bounded: false,
    against_rates: true,
    has_warnings: true,
    needs_all_trials: false,
};

/// Closed loops only: in an open loop the throughput is the offered rate.
pub(crate) fn throughput(page: &PageData<'_>) -> Vec<Figure> {
    let closed = |scenario: &&ScenarioGroup<'_>| {
        scenario
            .groups
            .iter()
            .all(|group| group.load.mode == Mode::Closed)
    };
    let scenarios = page.scenarios.iter().filter(closed);
    scenarios
        .filter_map(|scenario| figure(page, scenario, &THROUGHPUT))
        .collect()
}

pub(crate) fn cpu(page: &PageData<'_>) -> Vec<Figure> {
    let both = |scenario| [&CPU, &MACHINE_CPU].map(|measure| figure(page, scenario, measure));
    page.scenarios.iter().flat_map(both).flatten().collect()
}

/// Against several rates only.
pub(crate) fn switches(page: &PageData<'_>) -> Vec<Figure> {
    let scenarios = page.scenarios.iter();
    let ladders = scenarios.filter(|scenario| is_ladder(scenario));
    let all = |scenario| [&VOLUNTARY, &INVOLUNTARY].map(|measure| figure(page, scenario, measure));
    ladders.flat_map(all).flatten().collect()
}

pub(crate) fn memory(page: &PageData<'_>) -> Vec<Figure> {
    let all =
        |scenario| [&MEMORY, &PROCESSES, &THREADS].map(|measure| figure(page, scenario, measure));
    page.scenarios.iter().flat_map(all).flatten().collect()
}

pub(crate) fn wait(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Option<Figure> {
    figure(page, scenario, &WAIT)
}

pub(crate) fn fairness(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Option<Figure> {
    figure(page, scenario, &FAIRNESS)
}

fn figure(page: &PageData<'_>, scenario: &ScenarioGroup<'_>, measure: &Measure) -> Option<Figure> {
    let x = load_axis(scenario);
    let is_rate_axis = x.as_ref().is_some_and(|x| x.unit == Unit::Rate);
    if is_rate_axis && !measure.against_rates {
        return None;
    }
    let mut series: Vec<Series> = Vec::new();
    let mut unserved: Vec<String> = Vec::new();
    for group in &scenario.groups {
        for summary in &group.summaries {
            let (name, look) = page.series_of(group.source, summary);
            // Of the planned requests it served a few, so that a request seems to cost much.
            if is_rate_axis && summary.unserved() {
                if !unserved.contains(&name) {
                    unserved.push(name);
                }
                continue;
            }
            let Some(point) = point(group, summary, measure, x.as_ref()) else {
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
    if series.is_empty() {
        return None;
    }
    let load = match x {
        None => format!(", {}", page.label(&scenario.middle())),
        Some(_) => String::new(),
    };
    let value = axis(measure.label, Scale::Linear, measure.unit);
    let (kind, x, y) = match x {
        Some(x) => (Kind::Lines, x, value),
        None => (Kind::Rows { reference: None }, value.clone(), value),
    };
    let chart = Chart {
        id: format!("{}-{}", measure.id, scenario.id),
        title: format!("{}: {}{load}", scenario.title, measure.name),
        about: format!("{} of each server under {}", measure.name, scenario.title),
        kind,
        x,
        y,
        series,
    };
    Some(Figure {
        chart,
        note: note_of_unserved(&unserved),
        warnings: if measure.has_warnings {
            page.warnings(&scenario.groups)
        } else {
            Vec::new()
        },
    })
}

/// The axis along which the loads of a scenario differ.
fn load_axis(scenario: &ScenarioGroup<'_>) -> Option<Axis> {
    let differ = |of: fn(&LoadGroup<'_>) -> f64| {
        let mut values = scenario.groups.iter().map(of);
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    if differ(|group| group.load.clients as f64) {
        Some(axis("clients", Scale::Log, Unit::Count))
    } else if differ(|group| group.load.rate_rps.unwrap_or(0.0)) && is_ladder(scenario) {
        Some(rate_axis(scenario))
    } else {
        None
    }
}

/// From this ratio of the highest rate to the lowest the axis of rates is logarithmic.
const LOG_FROM: f64 = 20.0;

/// The axis of the rates of a scenario.
pub(crate) fn rate_axis(scenario: &ScenarioGroup<'_>) -> Axis {
    let rates = || {
        let groups = scenario.groups.iter();
        groups.filter_map(|group| group.load.rate_rps)
    };
    let low = rates().fold(f64::INFINITY, f64::min);
    let high = rates().fold(0.0, f64::max);
    let scale = if high >= LOG_FROM * low {
        Scale::Log
    } else {
        Scale::Linear
    };
    axis("requests offered per second", scale, Unit::Rate)
}

/// Whether a record has several rates; two records with one rate each are not enough.
pub(crate) fn is_ladder(scenario: &ScenarioGroup<'_>) -> bool {
    let rates = |source| {
        let groups = scenario.of_source(source);
        groups.filter(|group| group.load.rate_rps.is_some()).count()
    };
    let sources = scenario.groups.iter().map(|group| group.source);
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
    let mut trials = summary.trials().iter();
    if measure.needs_all_trials && trials.any(|trial| (measure.of)(trial).is_none()) {
        return None;
    }
    let value = Value::of(summary.trials(), measure.of)?;
    let range = Some((value.low, value.high)).filter(|_| summary.trials().len() > 1);
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
