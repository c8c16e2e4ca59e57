//! Whether a target held in one try of a rate.

use crate::findings::units::{time, trimmed};
use crate::record::{Slo, Trend, TrendMetric, Trial, Try};
use crate::stats::is_significant;

/// A quantile of at least this multiple of the limit is a clear result.
const CLEARLY_BREAKS: f64 = 20.0;
/// A rate does not hold in a trial with a larger share of failures, at any latency.
const MAX_FAILED_SHARE: f64 = 0.01;
/// A latency that rises breaks a rate if it would pass the limit in a window this many times as
/// long.
const LONGER_WINDOW: f64 = 10.0;
const NS_PER_S: f64 = 1e9;

/// The result of a try, trial `order` of the record, and whether it is clear: not a quantile near
/// the limit, which can fall on either side by chance.
pub(crate) fn try_result(slo: Slo, order: usize, trial: &Trial) -> (Try, bool) {
    let value_ns = slo.of(&trial.latency_ns);
    let fact = fact_against(trial);
    let is_exact = trial.censored.count == 0 || slo.quantile <= trial.exact_below;
    let under = |value_ns: Option<u64>| is_exact && value_ns.is_some_and(|ns| ns < slo.limit_ns);
    let is_under = under(value_ns);
    let is_far = value_ns.is_some_and(|ns| ns as f64 >= CLEARLY_BREAKS * slo.limit_ns as f64);
    let is_clear = fact.is_some() || is_far;
    let rises = value_ns
        .filter(|_| is_under)
        .and_then(|ns| rising(trial, ns, slo));
    let undelayed = trial.delays.as_ref().and_then(|delays| {
        let undelayed_ns = slo.of(&delays.response_minus_scheduling_ns);
        undelayed_ns.filter(|_| under(undelayed_ns))
    });
    let is_delay = fact.is_none() && !is_under && undelayed.is_some();
    let why = fact.or(rises).or_else(|| {
        let ns = undelayed.filter(|_| is_delay)?;
        let (name, without) = (slo.name(), time(ns as f64));
        let with = value_ns.map_or_else(|| "unknown".to_owned(), |ns| time(ns as f64));
        Some(format!(
            "{name} {with}, without the generator's delay {without}"
        ))
    });
    let tried = Try {
        order,
        value_ns,
        held: why.is_none() && is_under,
        why,
        limited: trial.generator.limited || is_delay,
        rule: None,
        edge_after: None,
    };
    (tried, is_clear)
}

/// A fact that breaks a rate whatever the latency.
fn fact_against(trial: &Trial) -> Option<String> {
    let failures = trial.errors.total();
    if let Some(unserved) = unserved(trial) {
        Some(unserved)
    } else if trial.over_capacity() {
        Some("over capacity".to_owned())
    } else if failures as f64 > MAX_FAILED_SHARE * trial.requests_concerned() as f64 {
        Some(format!("{failures} requests failed"))
    } else {
        None
    }
}

/// A latency that rises over the window, so that the rate holds only because the window is short.
fn rising(trial: &Trial, value_ns: u64, slo: Slo) -> Option<String> {
    let rises = |trend: &Trend| {
        trend.metric == TrendMetric::Latency && trend.change_share > 0.0 && is_significant(trend.t)
    };
    let change_share = trial.trend.filter(rises)?.change_share;
    // By Little's law the mean latency.
    let mean_ns = NS_PER_S * trial.littles_law.throughput_times_latency / trial.throughput_rps;
    let rise_ns = change_share * mean_ns;
    let later_ns = value_ns as f64 + (LONGER_WINDOW - 1.0) * rise_ns;
    (later_ns >= slo.limit_ns as f64).then(|| {
        let (name, value) = (slo.name(), time(value_ns as f64));
        let share = trimmed(100.0 * change_share, 1);
        format!("{name} {value}, rising: latency rose by {share} % in the window")
    })
}

/// The number of clients served, if some clients sent requests and never got a correct reply.
pub(crate) fn unserved(trial: &Trial) -> Option<String> {
    let (unserved, asked) = (trial.clients_unserved, trial.clients_asked?);
    (unserved > 0).then(|| format!("served only {} of {asked} clients", asked - unserved))
}
