//! Latency rows: response time, service time and waiting time.

use super::rows::row;
use crate::findings::delays::{delay_line, delayed_sentence};
use crate::findings::summary::quantile_text;
use crate::findings::units::{count, some, time};
use crate::findings::{BEYOND, Shown, Summary};
use crate::record::{ClientWait, Mode, Trial};
use crate::report::terminal::{DIM, WARN, painted, wrapped};
use crate::stats::median;

pub(crate) fn latency(summary: &Summary<'_>) -> Vec<String> {
    if summary.starved() {
        let note = summary.answered_p50_ns().map(|ns| {
            let share = if summary.served == 1 {
                "the served client"
            } else {
                "the served clients"
            };
            format!("p50 of {share}: {}", time(ns))
        });
        let mut lines = vec![row("Latency", &painted(WARN, &starved(summary)))];
        lines.extend(note.map(|note| row("", &painted(DIM, &note))));
        return lines;
    }
    let shown: [(&str, Shown); 5] = [
        ("p50", summary.latency(0.5, |trial| trial.latency_ns.p50)),
        ("p90", summary.latency(0.9, |trial| trial.latency_ns.p90)),
        ("p99", summary.latency(0.99, |trial| trial.latency_ns.p99)),
        (
            "p99.9",
            summary.latency(0.999, |trial| trial.latency_ns.p99_9),
        ),
        ("max", summary.latency(1.0, |trial| trial.latency_ns.max)),
    ];
    let quantiles = shown.map(|(name, shown)| format!("{name} {}", quantile_text(shown)));
    let mut lines = vec![row("Latency", &quantiles.join("  "))];
    let load = &summary.cell.load;
    if load.mode == Mode::Closed && load.think.is_zero() {
        let in_progress = count((load.clients.saturating_mul(load.pipeline)) as u64);
        lines.push(row(
            "",
            &painted(
                DIM,
                &format!(
                    "at saturation, {in_progress} in progress: latency follows from throughput"
                ),
            ),
        ));
    } else if load.mode != Mode::Closed {
        lines.push(row(
            "",
            &painted(DIM, "response time, from the planned send"),
        ));
        lines.extend(service_and_send_delay(summary));
        lines.extend(delay_line(summary).map(|parts| row("Delays", &parts)));
        let delayed = delayed_sentence(std::slice::from_ref(summary));
        lines.extend(
            delayed
                .iter()
                .flat_map(|note| wrapped(note, &" ".repeat(15)))
                .map(|line| painted(DIM, &line)),
        );
        lines.extend(
            coordinated_omission(summary)
                .iter()
                .flat_map(|note| wrapped(note, &" ".repeat(15)))
                .map(|line| painted(DIM, &line)),
        );
    }
    lines
}

/// If most slow requests waited before they were sent: why response and service time differ.
fn coordinated_omission(summary: &Summary<'_>) -> Option<String> {
    if !enough(summary, 0.99) {
        return None;
    }
    let p99 = |of: fn(&Trial) -> Option<u64>| {
        let trials = summary.trials().iter();
        let values: Vec<f64> = trials.filter_map(|t| of(t).map(|ns| ns as f64)).collect();
        median(&values)
    };
    let response = p99(|trial| trial.latency_ns.p99);
    let service = p99(|trial| trial.service_ns.p99);
    let lag = p99(|trial| trial.generator.lag_ns.p99);
    // A median of no values is NaN, for which both comparisons are false.
    let waited = response > 2.0 * service && response > 10.0 * lag;
    let state = match summary.cell.load.requests_per_connection {
        Some(_) => "which was busy or not yet open",
        None => "which was still busy",
    };
    (waited && !summary.over_capacity()).then(|| {
        format!(
            "Slow requests waited for their connection, {state}. The response p99 of {} includes \
             that wait, as a user experiences it. The service p99 of {} starts at the actual send, \
             so it shows a stall only for the requests in flight when the stall began (coordinated \
             omission).",
            time(response),
            time(service)
        )
    })
}

/// For an open loop: the service time, and the scheduling delay of the generator.
fn service_and_send_delay(summary: &Summary<'_>) -> Vec<String> {
    let over_trials = |of: fn(&Trial) -> Option<u64>| {
        let trials = summary.trials().iter();
        let values: Vec<f64> = trials.filter_map(|t| of(t).map(|ns| ns as f64)).collect();
        values_or_dash(&values)
    };
    let p99 = |of: fn(&Trial) -> Option<u64>| match enough(summary, 0.99) {
        true => over_trials(of),
        false => values_or_dash(&[]),
    };
    let service = format!(
        "p50 {}  p99 {}  from the actual send, if answered",
        over_trials(|trial| trial.service_ns.p50),
        p99(|trial| trial.service_ns.p99),
    );
    let send_delay = format!(
        "p50 {}  p99 {}  scheduling delay of the generator",
        over_trials(|trial| trial.generator.lag_ns.p50),
        p99(|trial| trial.generator.lag_ns.p99),
    );
    vec![row("Service", &service), row("Send delay", &send_delay)]
}

fn values_or_dash(values: &[f64]) -> String {
    if values.is_empty() {
        "–".to_owned()
    } else {
        time(median(values))
    }
}

/// Whether each trial has enough requests beyond this quantile.
fn enough(summary: &Summary<'_>, q: f64) -> bool {
    let trials = summary.trials();
    trials
        .iter()
        .all(|trial| BEYOND <= trial.requests as f64 * (1.0 - q))
}

/// The longest wait of each client, as median and maximum over clients.
pub(crate) fn waits(summary: &Summary<'_>) -> Option<String> {
    let over_trials = |of: fn(&ClientWait) -> Option<u64>| {
        let waits: Vec<f64> = summary
            .trials()
            .iter()
            .filter_map(|trial| of(&trial.client_wait_ns).map(|ns| ns as f64))
            .collect();
        (!waits.is_empty()).then(|| time(median(&waits)))
    };
    let (p50, max) = (over_trials(|wait| wait.p50)?, over_trials(|wait| wait.max)?);
    Some(row(
        "Longest wait",
        &format!("{p50} for the median client, {max} for the worst"),
    ))
}

fn starved(summary: &Summary<'_>) -> String {
    let clients = summary.asked;
    let without = some((clients - summary.served) as u64, "client");
    let clients = count(clients as u64);
    format!("starved: {without} of {clients} without a reply in the window")
}
