//! One pair of trials under one load, as a record keeps it: figures and failures of both sides.

use super::failures::{Failure, failures};
use super::gated::ComparedMetric;
use crate::record::{Known, LoadPair, Metric, PairValue, Quantiles, Role, SideFailure, Trial};

/// What came of starting a side and measuring it: its trial, or why there is none.
pub type Side = Result<Trial, Failure>;

/// The figures of both sides under a load, and what failed. `compared` are all metrics of the part.
pub fn load_pair(
    compared: &[ComparedMetric],
    load: crate::record::LoadKind,
    candidate_first: bool,
    [baseline, candidate]: [&Side; 2],
) -> LoadPair {
    let of_side = |side: Role, measured: &Side| -> Vec<SideFailure> {
        let all = match measured {
            Ok(trial) => failures(trial),
            Err(failure) => vec![failure.clone()],
        };
        let with_side = |failure: Failure| SideFailure {
            side,
            kind: failure.kind,
            count: failure.count,
            of: failure.of,
            what: failure.what,
        };
        all.into_iter().map(with_side).collect()
    };
    let values = match (baseline, candidate) {
        (Ok(baseline), Ok(candidate)) if baseline.requests > 0 && candidate.requests > 0 => {
            let own = compared.iter().filter(|metric| metric.load == load);
            own.filter_map(|compared| value(compared.metric, baseline, candidate))
                .collect()
        }
        _ => Vec::new(),
    };
    LoadPair {
        load,
        candidate_first,
        added: false,
        values,
        failures: [
            of_side(Role::Baseline, baseline),
            of_side(Role::Candidate, candidate),
        ]
        .concat(),
    }
}

/// The figure of a metric on both sides; `None` if one of them has none.
fn value(metric: Metric, baseline: &Trial, candidate: &Trial) -> Option<PairValue> {
    let figures = [figure(metric, baseline)?, figure(metric, candidate)?];
    let has_ratio = figures
        .iter()
        .all(|figure| figure.is_finite() && *figure > 0.0);
    let delayed = quantile(metric).is_some_and(|of| {
        let sides = [baseline, candidate];
        sides.into_iter().any(|trial| trial.is_delayed(of))
    });
    has_ratio.then(|| PairValue {
        metric,
        baseline: figures[0],
        candidate: figures[1],
        known: known(metric, baseline, candidate),
        delayed,
    })
}

fn figure(metric: Metric, trial: &Trial) -> Option<f64> {
    match metric {
        Metric::CpuUsPerRequest => trial.server.cpu_us_per_request,
        Metric::Throughput => Some(trial.throughput_rps),
        Metric::P50 | Metric::P95 | Metric::P99 => {
            let of = quantile(metric)?;
            of(&trial.latency_ns).map(|ns| ns as f64)
        }
    }
}

fn quantile(metric: Metric) -> Option<fn(&Quantiles) -> Option<u64>> {
    match metric {
        Metric::P50 => Some(|quantiles| quantiles.p50),
        Metric::P95 => Some(|quantiles| quantiles.p95),
        Metric::P99 => Some(|quantiles| quantiles.p99),
        Metric::CpuUsPerRequest | Metric::Throughput => None,
    }
}

/// What the figures tell of the true ratio.
fn known(metric: Metric, baseline: &Trial, candidate: &Trial) -> Known {
    match metric {
        Metric::CpuUsPerRequest => Known::Exact,
        // The true throughput is at least the figure: less is worse, so the true ratio is lower
        // where the candidate was limited.
        Metric::Throughput => {
            let limited = |trial: &Trial| trial.generator.limited;
            of_bounds(limited(candidate), limited(baseline))
        }
        // The true latency is at least the figure: more is worse.
        Metric::P50 => of_bounds(is_bound(baseline, 0.5), is_bound(candidate, 0.5)),
        Metric::P95 => of_bounds(is_bound(baseline, 0.95), is_bound(candidate, 0.95)),
        Metric::P99 => of_bounds(is_bound(baseline, 0.99), is_bound(candidate, 0.99)),
    }
}

fn of_bounds(is_upper: bool, is_lower: bool) -> Known {
    match (is_upper, is_lower) {
        (false, false) => Known::Exact,
        (true, false) => Known::AtMost,
        (false, true) => Known::AtLeast,
        (true, true) => Known::Nothing,
    }
}

/// Whether a quantile of the latency is only a lower bound.
fn is_bound(trial: &Trial, quantile: f64) -> bool {
    quantile > trial.exact_below
}
