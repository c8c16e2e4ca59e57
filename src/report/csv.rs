//! One line per trial, for spreadsheets and scripts.

use std::fmt::Display;

use super::format::Format;
use crate::findings::labelled;
use crate::record::{Cell, Record, Trial, Verdict};

pub(crate) struct Csv;

/// A column: its name, and its value for a trial. A value that was not measured is empty.
type Column = (&'static str, fn(&Cell, &Trial) -> Option<String>);

/// Whether this program wrote this text.
pub(crate) fn is_own_csv(text: &str) -> bool {
    let first = COLUMNS.iter().map(|(name, _)| *name).take(4);
    text.starts_with(&first.collect::<Vec<_>>().join(","))
}

static COLUMNS: &[Column] = &[
    ("scenario", |cell, _| cell.scenario.as_deref().map(quoted)),
    ("contestant", |cell, _| Some(quoted(&cell.contestant.name))),
    ("role", |cell, _| cell.contestant.role.and_then(text)),
    ("clients", |cell, _| text(cell.load.clients)),
    ("duration_s", |cell, _| {
        text(cell.load.duration.as_secs_f64())
    }),
    ("requests_per_connection", |cell, _| {
        cell.load.requests_per_connection.and_then(text)
    }),
    ("rate_rps", |cell, _| cell.load.rate_rps.and_then(text)),
    ("idle", |cell, _| text(cell.load.idle)),
    ("think_s", |cell, _| text(cell.load.think.as_secs_f64())),
    ("pipeline", |cell, _| text(cell.load.pipeline)),
    ("wire", |cell, _| text(cell.load.write_mode)),
    ("method", |cell, _| Some(quoted(&cell.load.method))),
    ("params", |cell, _| cell.load.params.as_deref().map(quoted)),
    ("round", |_, trial| text(trial.round)),
    ("order", |_, trial| text(trial.order)),
    ("requests", |_, trial| text(trial.requests)),
    ("throughput_rps", |_, trial| text(trial.throughput_rps)),
    ("offered_rps", |_, trial| trial.offered_rps.and_then(text)),
    ("goodput_rps", |_, trial| {
        let overload = trial.overload.as_ref();
        overload.and_then(|overload| text(overload.goodput_rps))
    }),
    ("recovered_s", |_, trial| {
        let overload = trial.overload.as_ref();
        overload
            .and_then(|overload| overload.recovered_s)
            .and_then(text)
    }),
    ("latency_p50_ns", |cell, trial| {
        exact(cell, trial, 0.5, trial.latency_ns.p50)
    }),
    ("latency_p90_ns", |cell, trial| {
        exact(cell, trial, 0.9, trial.latency_ns.p90)
    }),
    ("latency_p99_ns", |cell, trial| {
        exact(cell, trial, 0.99, trial.latency_ns.p99)
    }),
    ("latency_p99_9_ns", |cell, trial| {
        exact(cell, trial, 0.999, trial.latency_ns.p99_9)
    }),
    ("latency_max_ns", |cell, trial| {
        exact(cell, trial, 1.0, trial.latency_ns.max)
    }),
    ("exact_below", |_, trial| text(trial.exact_below)),
    ("censored", |_, trial| text(trial.censored.count)),
    ("unanswered", |_, trial| text(trial.unanswered)),
    ("clients_asked", |_, trial| {
        trial.clients_asked.and_then(text)
    }),
    ("clients_served", |_, trial| text(trial.clients_served)),
    ("clients_unserved", |_, trial| text(trial.clients_unserved)),
    ("client_wait_max_ns", |_, trial| {
        trial.client_wait_ns.max.and_then(text)
    }),
    ("fairness_jain", |_, trial| {
        trial.fairness_jain.and_then(text)
    }),
    ("service_p50_ns", |_, trial| {
        trial.service_ns.p50.and_then(text)
    }),
    ("service_p99_ns", |_, trial| {
        trial.service_ns.p99.and_then(text)
    }),
    ("errors", |_, trial| text(trial.errors.total())),
    ("connects_refused", |_, trial| text(trial.connects.refused)),
    ("connects_timed_out", |_, trial| {
        text(trial.connects.timed_out)
    }),
    ("server_cpu_us_per_request", |_, trial| {
        trial.server.cpu_us_per_request.and_then(text)
    }),
    ("server_voluntary_switches_per_request", |_, trial| {
        trial.server.voluntary_switches_per_request.and_then(text)
    }),
    ("server_involuntary_switches_per_request", |_, trial| {
        trial.server.involuntary_switches_per_request.and_then(text)
    }),
    ("machine_cpu_us_per_request", |_, trial| {
        trial.machine?.cpu_us_per_request.and_then(text)
    }),
    ("steal_share", |_, trial| trial.steal_share.and_then(text)),
    ("server_pss_peak_bytes", |_, trial| {
        trial.server.pss_peak_bytes.and_then(text)
    }),
    ("server_processes_peak", |_, trial| {
        trial.server.processes_peak.and_then(text)
    }),
    ("server_threads_peak", |_, trial| {
        trial.server.threads_peak.and_then(text)
    }),
    ("generator_busy_fraction", |_, trial| {
        text(trial.generator.busy_fraction)
    }),
    ("generator_cpu_us_per_request", |_, trial| {
        trial.generator.cpu_us_per_request.and_then(text)
    }),
    ("generator_lag_p50_ns", |_, trial| {
        trial.generator.lag_ns.p50.and_then(text)
    }),
    ("generator_limited", |_, trial| {
        text(trial.generator.limited)
    }),
    ("verdict", |_, trial| {
        let verdict = match trial.validity.verdict {
            Verdict::Valid => "valid",
            Verdict::Suspect => "suspect",
            Verdict::Invalid => "invalid",
        };
        text(verdict)
    }),
    ("reasons", |_, trial| {
        Some(quoted(&trial.validity.reasons.join("; ")))
    }),
];

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn render(&self, record: &Record) -> String {
        let record = &*labelled(record);
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let mut lines = vec![names.join(",")];
        for cell in &record.cells {
            for trial in &cell.trials {
                let values: Vec<String> = COLUMNS
                    .iter()
                    .map(|(_, value)| value(cell, trial).unwrap_or_default())
                    .collect();
                lines.push(values.join(","));
            }
        }
        lines.join("\n") + "\n"
    }
}

fn text<T: Display>(value: T) -> Option<String> {
    Some(format!("{value}"))
}

/// An exact quantile. Empty if clients were not served or if the value is only a lower bound.
fn exact(cell: &Cell, trial: &Trial, q: f64, ns: Option<u64>) -> Option<String> {
    let unserved = match trial.clients_asked {
        Some(_) => trial.clients_unserved > 0,
        None => trial.clients_served < cell.load.clients,
    };
    let is_exact = !unserved && (trial.censored.count == 0 || q <= trial.exact_below);
    ns.filter(|_| is_exact).and_then(text)
}

/// The value in quotes if RFC 4180 requires them.
fn quoted(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}
