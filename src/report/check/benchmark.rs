//! The candidate's medians for tools that keep a history. They show a trend and are no gate.

use serde_json::{Map, Value, json};

use super::form::Form;
use crate::findings::check_sentences::of;
use crate::findings::check_words::title;
use crate::record::{Advisory, CheckInfo, Finding, Metric, Part, Record};

/// Bencher's metric format (bencher.dev).
pub(crate) struct Bencher;

/// github-action-benchmark's customBiggerIsBetter: throughput.
pub(crate) struct Bigger;

/// github-action-benchmark's customSmallerIsBetter: CPU and latencies.
pub(crate) struct Smaller;

/// One line per metric, for tools that detect change points, such as Apache Otava.
pub(crate) struct Csv;

/// Each metric with its part.
fn all(check: &CheckInfo) -> impl Iterator<Item = (&Part, &Finding)> {
    let parts = check.parts.iter();
    let all = parts.flat_map(|part| part.findings.iter().map(move |finding| (part, finding)));
    // The same metric is compared at one rate.
    all.filter(|(_, finding)| finding.advisory != Some(Advisory::AtSaturation))
}

fn unit(finding: &Finding) -> &'static str {
    match finding.metric {
        Metric::Throughput => "requests/s",
        Metric::CpuUsPerRequest => "µs",
        Metric::P50 | Metric::P95 | Metric::P99 => "ns",
    }
}

/// The interval of the candidate's figure: its median times the relative interval of the ratio.
fn interval(finding: &Finding) -> [f64; 2] {
    let value = finding.medians[1];
    let interval = [finding.low, finding.high].map(|end| value * end / finding.worse);
    interval.map(|end| if end.is_finite() { end } else { value })
}

impl Form for Bencher {
    fn name(&self) -> &'static str {
        "bencher"
    }

    fn file(&self) -> &'static str {
        "bencher.json"
    }

    fn render(&self, _record: &Record, check: &CheckInfo) -> String {
        let mut benchmarks = Map::new();
        for part in &check.parts {
            let measures = all(check).filter(|(own, _)| std::ptr::eq(*own, part));
            let measures = measures.map(|(_, finding)| {
                let [low, high] = interval(finding);
                let value =
                    json!({"value": finding.medians[1], "lower_value": low, "upper_value": high});
                (finding.metric.name().to_owned(), value)
            });
            benchmarks.insert(of(part), Value::Object(measures.collect()));
        }
        Value::Object(benchmarks).to_string() + "\n"
    }
}

/// The list of results in github-action-benchmark's format.
fn result_list<'a>(findings: impl Iterator<Item = (&'a Part, &'a Finding)>) -> String {
    let entries = findings.map(|(part, finding)| {
        let [low, high] = interval(finding);
        json!({
            "name": format!("{}: {}", of(part), title(finding.metric)),
            "unit": unit(finding),
            "value": finding.medians[1],
            "range": format!("{low:.3} to {high:.3}"),
        })
    });
    Value::Array(entries.collect()).to_string() + "\n"
}

impl Form for Bigger {
    fn name(&self) -> &'static str {
        "bigger-is-better"
    }

    fn file(&self) -> &'static str {
        "bigger-is-better.json"
    }

    fn render(&self, _record: &Record, check: &CheckInfo) -> String {
        result_list(all(check).filter(|(_, finding)| finding.metric == Metric::Throughput))
    }
}

impl Form for Smaller {
    fn name(&self) -> &'static str {
        "smaller-is-better"
    }

    fn file(&self) -> &'static str {
        "smaller-is-better.json"
    }

    fn render(&self, _record: &Record, check: &CheckInfo) -> String {
        result_list(all(check).filter(|(_, finding)| finding.metric != Metric::Throughput))
    }
}

impl Form for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn file(&self) -> &'static str {
        "trend.csv"
    }

    fn render(&self, record: &Record, check: &CheckInfo) -> String {
        let commit = record.tool.git.as_deref().unwrap_or_default();
        let rows = all(check).map(|(part, finding)| {
            let name = part.name.replace('"', "\"\"");
            let [baseline, candidate] = finding.medians;
            format!(
                "{},{commit},\"{name}\",{},{},{baseline},{candidate},{},{},{}\n",
                record.started,
                part.clients,
                finding.metric.name(),
                finding.worse,
                finding.low,
                finding.high
            )
        });
        let head = "time,commit,contestant,clients,metric,baseline,candidate,worse,low,high\n";
        head.to_owned() + &rows.collect::<String>()
    }
}
