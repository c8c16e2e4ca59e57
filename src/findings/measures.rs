//! The measures by which servers are ranked, and under which loads each compares them.
//!
//! Throughput is compared in closed loops where the generator was not the limit; CPU per request
//! and response time in open loops, at the same absolute rate for all; goodput in overloads.

use super::summary::{BEYOND, Figure, Summary};
use crate::record::{LoadSpec, Mode, Quantiles, Trial};

/// A figure by which servers are ranked.
#[derive(Debug)]
pub struct Measure {
    /// Its name for people.
    pub name: &'static str,
    /// Predicate of the best server.
    pub best: &'static str,
    /// Template for another server compared with the best; `{name}` and `{times}` are replaced.
    pub other: &'static str,
    /// Whether a smaller figure is better.
    pub less: bool,
    /// The unit of the figure.
    pub unit: Unit,
    /// Whether it compares servers under a load.
    pub(super) of_load: fn(&LoadSpec) -> bool,
    /// Whether rounds are added while its order is undecided.
    pub(super) is_awaited: bool,
    pub(super) value: fn(&Trial) -> Option<f64>,
    /// The same figure without the generator's part of it, if it has one. Servers are then ranked
    /// only where the order is the same by both figures.
    pub(super) without_generator: Option<fn(&Trial) -> Option<f64>>,
    /// Whether the trials of this server give the figure.
    pub(super) applies: fn(&Summary<'_>) -> bool,
    /// A lower bound on the figure of a server that cannot be ranked. A server with a
    /// smaller figure must not be called the best.
    pub(super) lower_bound: fn(&Summary<'_>) -> Option<f64>,
}

/// The unit of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Micros,
    /// Requests per second.
    Rate,
    /// Nanoseconds.
    TimeNs,
}

/// All measures, in the order in which they are reported.
pub static ALL: &[Measure] = &[
    Measure {
        name: "Server CPU per request",
        best: "needs the least",
        other: "{name} needs {times}",
        less: true,
        unit: Unit::Micros,
        // At saturation each server has a rate of its own, and a faster one serves more requests
        // per wakeup: its CPU per request is not comparable.
        of_load: |load| load.mode != Mode::Closed,
        is_awaited: true,
        value: |trial| trial.server.cpu_us_per_request,
        without_generator: None,
        applies: |_| true,
        lower_bound: |_| None,
    },
    Measure {
        name: "Throughput",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        // In an open loop, the load generator sets the throughput.
        of_load: |load| load.mode == Mode::Closed,
        is_awaited: true,
        value: |trial| Some(trial.throughput_rps),
        without_generator: None,
        applies: |summary| !summary.limited,
        lower_bound: |summary| summary.limited.then_some(summary.throughput_rps.median),
    },
    Measure {
        name: "Response time (p50)",
        best: "has the shortest",
        other: "{name} takes {times}",
        less: true,
        unit: Unit::TimeNs,
        of_load: has_response_times,
        is_awaited: true,
        value: |trial| quantile(trial, 0.5, trial.latency_ns.p50),
        without_generator: Some(|trial| quantile(trial, 0.5, undelayed(trial).p50)),
        // Over capacity, response time only reflects the length of the run.
        applies: |summary| !summary.over_capacity(),
        lower_bound: |_| None,
    },
    Measure {
        name: "Response time (p95)",
        best: "has the shortest",
        other: "{name} takes {times}",
        less: true,
        unit: Unit::TimeNs,
        of_load: has_response_times,
        is_awaited: false,
        value: |trial| quantile(trial, 0.95, trial.latency_ns.p95),
        without_generator: Some(|trial| quantile(trial, 0.95, undelayed(trial).p95)),
        applies: |summary| !summary.over_capacity(),
        lower_bound: |_| None,
    },
    Measure {
        name: "Goodput under overload",
        best: "serves the most",
        other: "{times} that of {name}",
        less: false,
        unit: Unit::Rate,
        of_load: |load| load.then.is_some(),
        is_awaited: true,
        value: goodput,
        without_generator: None,
        applies: |summary| !summary.limited,
        lower_bound: |summary| {
            let goodput = Figure::of(summary.trials(), goodput);
            goodput
                .filter(|_| summary.limited)
                .map(|goodput| goodput.median)
        },
    },
];

/// Whether response times compare servers: not in an overload.
fn has_response_times(load: &LoadSpec) -> bool {
    load.mode != Mode::Closed && load.then.is_none()
}

/// A quantile of a trial, if it is exact and has enough samples beyond it.
fn quantile(trial: &Trial, q: f64, value_ns: Option<u64>) -> Option<f64> {
    let exact = trial.censored.count == 0 || q <= trial.exact_below;
    let enough = trial.samples as f64 * (1.0 - q) >= BEYOND;
    let value_ns = value_ns.filter(|_| exact && enough)?;
    Some(value_ns as f64)
}

/// The response times without the generator's scheduling delay, as far as they are known.
fn undelayed(trial: &Trial) -> &Quantiles {
    match &trial.delays {
        Some(delays) => &delays.response_minus_scheduling_ns,
        None => &trial.latency_ns,
    }
}

fn goodput(trial: &Trial) -> Option<f64> {
    trial.overload.as_ref().map(|overload| overload.goodput_rps)
}
