//! Changes and figures of a check in plain words: `12 % higher`, `12.1 µs`.

use super::units::{count, digits, rate, time};
use crate::record::{CheckInfo, Finding, LoadKind, Metric, Part};

/// Ratios outside of this and its inverse are no figures.
const LARGEST: f64 = 10_000.0;
/// Above this ratio a change is `5.2 times as high`.
const LARGEST_PERCENT: f64 = 3.0;

/// What the two sides are called, baseline first.
pub(crate) fn sides(check: &CheckInfo) -> [&str; 2] {
    match &check.labels {
        Some(labels) => labels.each_ref().map(String::as_str),
        None => ["baseline", "candidate"],
    }
}

/// The name of a metric for people.
pub(crate) fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::CpuUsPerRequest => "CPU per request",
        Metric::Throughput => "throughput",
        Metric::P50 => "p50",
        Metric::P95 => "p95",
        Metric::P99 => "p99",
    }
}

/// The metric with its load: `CPU per request at 20,000/s`, `throughput at capacity`.
pub(crate) fn title_with_load(part: &Part, finding: &Finding) -> String {
    let load = part
        .loads
        .iter()
        .find(|load| Some(load.load) == finding.load);
    let load = match (finding.load, load.and_then(|load| load.rate_rps)) {
        (Some(LoadKind::Rate), Some(rate_rps)) => {
            format!(" at {}/s", count(rate_rps.round() as u64))
        }
        (Some(LoadKind::Capacity), _) => " at capacity".to_owned(),
        _ => String::new(),
    };
    format!("{}{load}", title(finding.metric))
}

/// A figure with its unit.
pub(crate) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::CpuUsPerRequest => time(value * 1e3),
        Metric::Throughput => rate(value),
        Metric::P50 | Metric::P95 | Metric::P99 => time(value),
    }
}

/// The ratio of the figures themselves, candidate to baseline, from one in which over 1 is worse.
pub(crate) fn of_figures(metric: Metric, worse: f64) -> f64 {
    if metric.is_more_better() {
        1.0 / worse
    } else {
        worse
    }
}

/// Whether a ratio is a figure.
fn is_known(ratio: f64) -> bool {
    (1.0 / LARGEST..LARGEST).contains(&ratio)
}

/// The size of a change, and its direction: (`4.8 %`, `lower`); `None` if there is none to see.
fn parts(ratio: f64) -> Option<(String, &'static str)> {
    let percent = (ratio - 1.0) * 100.0;
    let size = percent.abs();
    let shown = if ratio >= LARGEST_PERCENT {
        return Some((format!("{} times", digits(ratio)), "as high"));
    } else if size < 0.05 {
        return None;
    } else if size < 9.95 {
        format!("{size:.1} %")
    } else {
        format!("{size:.0} %")
    };
    Some((shown, if percent > 0.0 { "higher" } else { "lower" }))
}

/// The change to this ratio of candidate to baseline: `4.8 % lower`, `5.2 times as high`, `the same`.
pub(crate) fn change(ratio: f64) -> String {
    if !is_known(ratio) {
        return "unknown".to_owned();
    }
    parts(ratio).map_or_else(
        || "the same".to_owned(),
        |(size, direction)| format!("{size} {direction}"),
    )
}

/// The changes from the ratio `low` to the ratio `high`: `2.0 % lower to 5.1 % higher`,
/// `6.0 % to 19 % higher`; with one end only, `at most 19 % higher`.
pub(crate) fn interval(low: f64, high: f64) -> String {
    match (is_known(low), is_known(high)) {
        (false, false) => "no bound yet".to_owned(),
        (true, false) if low > 1.0 => format!("at least {}", change(low)),
        (true, false) => format!("at most {}", change(low)),
        (false, true) if high < 1.0 => format!("at least {}", change(high)),
        (false, true) => format!("at most {}", change(high)),
        (true, true) => {
            let (low_parts, high_parts) = (parts(low), parts(high));
            match (&low_parts, &high_parts) {
                // The smaller change first.
                (Some((far, direction)), Some((near, other)))
                    if direction == other && *direction == "lower" =>
                {
                    format!("{near} to {far} {direction}")
                }
                (Some((near, direction)), Some((far, other))) if direction == other => {
                    format!("{near} to {far} {direction}")
                }
                _ => format!("{} to {}", change(low), change(high)),
            }
        }
    }
}

/// A share as a percentage: `10 %`, `2.5 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", super::units::trimmed(share * 100.0, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_plain_words() {
        for (ratio, expected) in [
            (0.952, "4.8 % lower"),
            (1.124, "12 % higher"),
            (1.0001, "the same"),
            (1.9, "90 % higher"),
            (3.8, "3.80 times as high"),
            (0.26, "74 % lower"),
            (f64::INFINITY, "unknown"),
            (0.0, "unknown"),
        ] {
            assert_eq!(change(ratio), expected);
        }
        for (low, high, expected) in [
            (1.06, 1.19, "6.0 % to 19 % higher"),
            (0.8, 0.97, "3.0 % to 20 % lower"),
            (0.98, 1.051, "2.0 % lower to 5.1 % higher"),
            (1.06, f64::INFINITY, "at least 6.0 % higher"),
            (0.01, f64::INFINITY, "at most 99 % lower"),
            (0.0, 1.04, "at most 4.0 % higher"),
            (0.0, 0.4, "at least 60 % lower"),
            (0.0, f64::INFINITY, "no bound yet"),
            (2.0, 3.5, "100 % higher to 3.50 times as high"),
        ] {
            assert_eq!(interval(low, high), expected);
        }
        assert_eq!(of_figures(Metric::Throughput, 1.25), 0.8);
        assert_eq!(percent(0.1), "10 %");
    }
}
