//! A figure of one trial for `--assert`, with what is known of its error.
//!
//! Delays of the generator and of the machine make a server look worse than it is, so such a
//! figure can hold a condition and cannot violate it. Requests without a reply and a rate over
//! capacity make it look better, so such a figure can violate a condition and cannot hold it.

use super::summary::BEYOND;
use crate::record::{
    AssertDoubt, AssertMetric, Quantiles, Slo, TrendMetric, Trial, ValidityFinding, Verdict,
};

/// A figure of one trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) value: f64,
    /// The best that it may be: `value`, unless there is a doubt.
    pub(super) best: f64,
    pub(super) may_be_better: Option<AssertDoubt>,
    /// The worst that it may be.
    pub(super) worst: f64,
    pub(super) may_be_worse: Option<AssertDoubt>,
    /// Why it says nothing.
    pub(super) mark: Option<AssertDoubt>,
}

impl Reading {
    fn exact(value: f64) -> Reading {
        Reading {
            value,
            best: value,
            may_be_better: None,
            worst: value,
            may_be_worse: None,
            mark: None,
        }
    }

    /// It may be as good as `best`.
    fn or_better(&mut self, best: f64, doubt: AssertDoubt) {
        self.best = best;
        self.may_be_better = Some(doubt);
    }

    /// It may be worse without a limit.
    fn or_worse(&mut self, metric: AssertMetric, doubt: AssertDoubt) {
        self.worst = if metric.is_less_better() {
            f64::INFINITY
        } else {
            0.0
        };
        self.may_be_worse = Some(doubt);
    }
}

/// The figure of a trial, which is no count; the error is why there is none.
pub(super) fn reading(metric: AssertMetric, trial: &Trial) -> Result<Reading, AssertDoubt> {
    let value = match metric {
        AssertMetric::Response(q) => quantile(trial, q, &trial.latency_ns)?,
        AssertMetric::Service(q) => quantile(trial, q, &trial.service_ns)?,
        AssertMetric::Throughput => trial.throughput_rps,
        AssertMetric::Cpu => {
            let cpu_us = trial.server.cpu_us_per_request;
            cpu_us.ok_or(AssertDoubt::NotMeasured)?
        }
        AssertMetric::Memory => {
            let bytes = trial.server.pss_peak_bytes;
            bytes.ok_or(AssertDoubt::NotMeasured)? as f64
        }
        AssertMetric::Errors
        | AssertMetric::Unanswered
        | AssertMetric::Served
        | AssertMetric::Unserved => return Err(AssertDoubt::NotMeasured),
    };
    let mut reading = Reading::exact(value);
    reading.mark = mark(metric, trial);
    if metric != AssertMetric::Memory && has(trial, is_steal) {
        reading.or_better(best_possible(metric), AssertDoubt::HypervisorSteal);
    }
    match metric {
        AssertMetric::Response(q) => latency_bounds(&mut reading, metric, q, trial),
        AssertMetric::Service(q) => latency_bounds(&mut reading, metric, q, trial),
        AssertMetric::Throughput if trial.generator.limited => {
            reading.or_better(best_possible(metric), AssertDoubt::GeneratorLimited);
        }
        _ => {}
    }
    Ok(reading)
}

/// The best figure that there can be.
fn best_possible(metric: AssertMetric) -> f64 {
    if metric.is_less_better() {
        0.0
    } else {
        f64::INFINITY
    }
}

fn quantile(trial: &Trial, q: f64, times: &Quantiles) -> Result<f64, AssertDoubt> {
    let is_enough = q >= 1.0 || trial.samples as f64 * (1.0 - q) >= BEYOND;
    let value_ns = target(q).of(times).filter(|_| is_enough);
    value_ns.map(|ns| ns as f64).ok_or(AssertDoubt::FewSamples)
}

fn target(quantile: f64) -> Slo {
    Slo {
        quantile,
        limit_ns: 0,
    }
}

fn latency_bounds(reading: &mut Reading, metric: AssertMetric, q: f64, trial: &Trial) {
    let of = target(q).reader();
    if trial.generator.limited {
        reading.or_better(0.0, AssertDoubt::GeneratorLimited);
    } else if matches!(metric, AssertMetric::Response(_)) && trial.is_delayed(of) {
        let delays = trial.delays.as_ref();
        let undelayed = delays.and_then(|delays| of(&delays.response_minus_scheduling_ns));
        let undelayed = undelayed.map_or(0.0, |ns| ns as f64);
        reading.or_better(undelayed.min(reading.best), AssertDoubt::SchedulingDelay);
    }
    if trial.over_capacity() {
        reading.or_worse(metric, AssertDoubt::OverCapacity);
    }
    if trial.censored.count > 0 && q > trial.exact_below {
        reading.or_worse(metric, AssertDoubt::LowerBound);
    }
    if trial.clients_starved > 0 {
        reading.or_worse(metric, AssertDoubt::Starved);
    }
}

fn has(trial: &Trial, is_it: fn(&ValidityFinding) -> bool) -> bool {
    trial.validity.findings.iter().any(is_it)
}

fn is_steal(finding: &ValidityFinding) -> bool {
    matches!(finding, ValidityFinding::HypervisorSteal { .. })
}

/// Why a trial says nothing about this metric, by what the checks found.
fn mark(metric: AssertMetric, trial: &Trial) -> Option<AssertDoubt> {
    let is_latency = matches!(metric, AssertMetric::Response(_) | AssertMetric::Service(_));
    let is_rate = metric == AssertMetric::Throughput;
    let is_timed = is_latency || is_rate;
    let mark_of = |finding: &ValidityFinding| match finding {
        ValidityFinding::StillConnecting { .. } if is_timed => Some(AssertDoubt::StillConnecting),
        ValidityFinding::LittlesLaw { .. } if is_timed => Some(AssertDoubt::LittlesLaw),
        ValidityFinding::Trend { metric, .. } => {
            let is_own = match metric {
                TrendMetric::Throughput => is_rate,
                TrendMetric::Latency => is_latency,
            };
            is_own.then_some(AssertDoubt::Trend)
        }
        ValidityFinding::HistogramOverflow { .. } if is_latency => {
            Some(AssertDoubt::HistogramOverflow)
        }
        ValidityFinding::Legacy { .. } | ValidityFinding::Unknown { .. } => {
            let is_suspect = trial.validity.verdict > Verdict::Valid;
            is_suspect.then_some(AssertDoubt::Suspect)
        }
        _ => None,
    };
    trial.validity.findings.iter().find_map(mark_of)
}
