//! `--assert`: conditions such as `p99<10ms`, `throughput>5000`, `errors=0`.

use super::{numbers, times, values};
use crate::cli::near::near;
use crate::record::quantity::{self, split};
use crate::record::{AssertMetric, AssertUnit, Assertion};

/// Conditions on the figures of a measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct AssertArgs {
    /// A condition: 'p99<10ms', 'throughput>5k', errors=0, cpu=20us, …; exit code 3 if it is
    /// violated, 4 if it cannot be decided; give one --assert per condition
    #[arg(long = "assert", value_parser = assertion, value_name = "CONDITION", help_heading = "Output", hide_short_help = true)]
    pub(crate) asserts: Vec<Assertion>,
}

/// `p99<10ms`, `throughput >= 5k`, `errors=0`. `=` is "no worse than", since a shell takes `<` and
/// `>` as redirections. The error continues the sentence "--assert CONDITION: …".
pub(crate) fn assertion(text: &str) -> Result<Assertion, String> {
    let condition = values::Condition::of(text).ok_or_else(|| {
        "must be a condition such as 'p99<10ms', 'throughput>5000' or errors=0".to_owned()
    })?;
    let metric = metric(condition.name)?;
    refuse_wrong_side(metric, &condition)?;
    Ok(Assertion {
        text: format!(
            "{}{}{}",
            condition.name, condition.relation, condition.value
        ),
        metric,
        limit: limit(metric.unit(), condition.value)?,
        is_strict: !condition.relation.contains('='),
    })
}

fn metric(name: &str) -> Result<AssertMetric, String> {
    let known = AssertMetric::all();
    if let Some(metric) = known.iter().find(|metric| metric.name() == name) {
        return Ok(*metric);
    }
    let names: Vec<String> = known.into_iter().map(AssertMetric::name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(match near(name, names.iter().copied()) {
        Some(near) => format!("unknown figure {name:?}: did you mean {near}?"),
        None => format!(
            "unknown figure {name:?}: choose one of {}",
            names.join(", ")
        ),
    })
}

/// A condition that worse servers hold is a mistake.
fn refuse_wrong_side(
    metric: AssertMetric,
    condition: &values::Condition<'_>,
) -> Result<(), String> {
    let (wrong, right, better) = if metric.is_less_better() {
        ('>', '<', "less")
    } else {
        ('<', '>', "more")
    };
    if !condition.relation.contains(wrong) {
        return Ok(());
    }
    let relation = condition.relation.replace(wrong, &right.to_string());
    Err(format!(
        "{better} {} is better, so this would refuse good servers: did you mean '{}{relation}{}'?",
        condition.name, condition.name, condition.value
    ))
}

/// The limit, in the unit of the record.
fn limit(unit: AssertUnit, value: &str) -> Result<f64, String> {
    match unit {
        AssertUnit::LatencyNs => Ok(times::latency(value)?.as_nanos() as f64),
        AssertUnit::CpuUs => Ok(times::latency(value)?.as_secs_f64() * 1e6),
        AssertUnit::PerSecond => numbers::rate(value.trim_end_matches("/s")),
        AssertUnit::Count => numbers::connections(value)
            .map(|count| count as f64)
            .map_err(|_| "must be a whole number, such as 0 or 64".to_owned()),
        AssertUnit::Bytes if split(value).1.is_empty() => Err(format!(
            "{value} has no unit: write {value}MiB or {value}KiB"
        )),
        AssertUnit::Bytes => quantity::memory(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(text: &str) -> (String, f64, bool) {
        let read = assertion(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        (read.metric.name(), read.limit, read.is_strict)
    }

    #[test]
    fn each_metric_has_its_unit() {
        for (text, name, limit, is_strict) in [
            ("p99<10ms", "p99", 1e7, true),
            (" p99.9 <= 1.5 ms", "p99.9", 1.5e6, false),
            ("service-p50=80us", "service-p50", 80e3, false),
            ("max<1s", "max", 1e9, true),
            ("throughput>5000", "throughput", 5000.0, true),
            ("throughput >= 5k/s", "throughput", 5000.0, false),
            ("errors=0", "errors", 0.0, false),
            ("unanswered<1", "unanswered", 1.0, true),
            ("cpu<20us", "cpu", 20.0, true),
            ("memory<=64MiB", "memory", 67_108_864.0, false),
            ("memory<3GiB", "memory", 3.0 * 1_073_741_824.0, true),
            ("served=64", "served", 64.0, false),
            ("unserved=0", "unserved", 0.0, false),
        ] {
            assert_eq!(
                limit_of(text),
                (name.to_owned(), limit, is_strict),
                "{text}"
            );
        }
        assert_eq!(assertion(" p99 < 10 ms").unwrap().text, "p99<10 ms");
    }

    #[test]
    fn every_metric_is_read_by_its_name_and_from_a_record() {
        for metric in AssertMetric::all() {
            let name = metric.name();
            assert_eq!(super::metric(&name), Ok(metric), "{name}");
            assert_eq!(AssertMetric::try_from(name), Ok(metric));
        }
    }

    #[test]
    fn faults_say_what_to_write() {
        for (text, expected) in [
            ("p99", "such as 'p99<10ms'"),
            ("p99<", "such as 'p99<10ms'"),
            ("<10ms", "such as 'p99<10ms'"),
            ("p98<10ms", "did you mean p90"),
            ("throughptu>5", "did you mean throughput?"),
            ("latency<5ms", "choose one of p50, p90"),
            ("p99<10", "write 10ms or 10us"),
            ("p99>10ms", "did you mean 'p99<10ms'?"),
            ("throughput<=5000", "did you mean 'throughput>=5000'?"),
            ("throughput>fast", "requests per second"),
            ("errors=none", "whole number"),
            ("errors=0.5", "whole number"),
            ("memory<64", "64 has no unit: write 64MiB"),
            ("memory<64 acres", "64MiB"),
            ("cpu<20", "write 20ms or 20us"),
            ("p99<<10ms", "must be"),
        ] {
            let fault = assertion(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
