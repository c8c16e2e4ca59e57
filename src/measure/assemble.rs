//! Builds the result of a trial from the figures of the generator and of the server.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::machine_side::{Readings, machine_side};
use super::observed::Observed;
use super::overload::{After, overload};
use super::validity::Evidence;
use super::{generator_side, trend, validity};
use crate::load::delays;
use crate::load::nanos::nanos;
use crate::load::{ClientResult, FlowBalance, Measured, Recorder, Sample, Slice};
use crate::process::{Reading, ServerEnd};
use crate::record::histogram::encode;
use crate::record::{
    Assign, Censored, ClientWait, DelayPart, Delays, GeneratorSide, Histograms, Idle, Interval,
    LittlesLaw, LoadSpec, Mode, Older, Overload, Quantiles, ServerSide, Slices, StampSource, Trial,
    Validity, WorkerSide,
};
use crate::stats::{at_quantile, jain};

/// Builds the trial, over the window as it was measured; `order` and `round` are left for the caller to set.
pub(crate) fn assemble(
    load: &LoadSpec,
    measured: &Measured,
    observed: &Observed,
    ended: Option<&ServerEnd>,
    workers: Option<usize>,
) -> Trial {
    let recorder = &measured.recorder;
    let window = recorder.window();
    let duration = Duration::from_nanos(window.to_ns - window.from_ns);
    let seconds = duration.as_secs_f64();
    let planned = load.rate_rps.map(|_| recorder.planned);
    let growth = planned.map(|planned| planned as i64 - recorder.ended as i64);
    let count = |is: fn(&ClientResult) -> bool| {
        let clients = measured.clients.iter();
        clients.filter(|client| is(client)).count()
    };
    let clients_served = count(|client| client.replies > 0);
    let mut trial = Trial {
        order: 0,
        round: 0,
        interrupted: duration < load.duration,
        measured_s: Some(seconds),
        window: observed.times.clone(),
        requests: recorder.requests,
        throughput_rps: recorder.requests as f64 / seconds,
        offered_rps: planned.map(|planned| planned as f64 / seconds),
        planned,
        backlog_growth: growth,
        samples: recorder.latency.count(),
        latency_ns: quantiles_of_sample(&recorder.latency),
        service_ns: quantiles(&recorder.service),
        delays: recorder
            .delays
            .as_deref()
            .map(|ledger| delay_ledger(ledger, load.takes_stamps())),
        connect_ns: quantiles(&recorder.connect),
        exact_below: recorder.latency.exact_below(),
        censored: Censored {
            count: recorder.latency.censored.len(),
            min_age_ns: recorder.latency.censored_min_ns(),
        },
        clients_served,
        clients_asked: Some(count(|client| client.asked > 0)),
        clients_unserved: count(ClientResult::is_unserved),
        clients_starved: count(ClientResult::is_starved),
        fairness_jain: fairness(load, &measured.clients),
        unanswered: recorder.unanswered,
        older: Some(Older {
            count: recorder.older.ended,
            unanswered: recorder.older.unanswered,
            longest_ns: recorder.older.longest_ns,
        }),
        client_wait_ns: client_waits(measured),
        errors: recorder.errors.clone(),
        warmup_errors: recorder.warmup_errors.clone(),
        connects: recorder.connects,
        idle: Idle {
            open: recorder.idle_open,
            closed: recorder.idle_closed,
        },
        littles_law: LittlesLaw {
            under_way_mean: recorder.flow.under_way_mean(),
            throughput_times_latency: recorder.flow.throughput_times_latency(),
        },
        histograms: Histograms {
            latency: encode(&recorder.latency.answered),
            censored: encode(&recorder.latency.censored),
            service: encode(&recorder.service),
            connect: encode(&recorder.connect),
            lag: planned.map_or_else(String::new, |_| encode(&recorder.lag)),
        },
        series: series(measured, planned.is_some()),
        slices: Some(slices(&recorder.flow)),
        overload: None,
        server: server_side(measured, observed, ended, workers),
        machine: machine_side(measured, observed),
        steal_share: Some(observed.steal),
        hostile_connections: None,
        residue: None,
        generator: GeneratorSide::default(),
        ranks: Vec::new(),
        share: None,
        trend: None,
        validity: Validity::default(),
    };
    trial.overload = overload_result(load, &trial, recorder);
    // An overload is meant to exceed the capacity, so the generator is not expected to keep up.
    let kept_up = !trial.over_capacity() && trial.overload.is_none();
    trial.generator = generator_side::generator(
        measured,
        planned.map(|_| kept_up),
        observed.memory_bytes,
        measured.connections,
    );
    // Latency over capacity depends on the length of the run only.
    let is_saturated = trial.over_capacity() || trial.overload.is_some();
    if trial.clients_unserved == 0 && !is_saturated {
        trial.trend = trend::trend(load, recorder.flow.slices());
    }
    trial.validity = validity::validity(&Evidence {
        load,
        measured,
        trial: &trial,
        steal: observed.steal,
        orderly_end: ended.is_none_or(|ended| ended.orderly),
    });
    trial
}

/// In an open loop whose requests are bound to clients, the plan decides how many replies each
/// client may get, so what counts is the share that it got.
fn fairness(load: &LoadSpec, clients: &[ClientResult]) -> Option<f64> {
    if load.mode == Mode::Closed || load.assign == Assign::Free {
        let replies: Vec<f64> = clients.iter().map(|one| one.replies as f64).collect();
        return jain(&replies);
    }
    let planned = clients.iter().filter(|client| client.planned > 0);
    let shares: Vec<f64> = planned
        .map(|client| client.answered_planned as f64 / client.planned as f64)
        .collect();
    jain(&shares)
}

fn overload_result(load: &LoadSpec, trial: &Trial, recorder: &Recorder) -> Option<Overload> {
    let falls_after = load.overload()?;
    let change = load.then?;
    let after = After {
        falls_ns: u64::try_from(falls_after.as_nanos()).unwrap_or(u64::MAX),
        rate_rps: change.rate_rps,
        places: load.clients * load.pipeline,
    };
    let window = recorder.window();
    let lengths_ns = (window.to_ns - window.from_ns, recorder.interval_ns());
    Some(overload(&trial.series, lengths_ns, &after))
}

fn server_side(
    measured: &Measured,
    observed: &Observed,
    ended: Option<&ServerEnd>,
    workers: Option<usize>,
) -> ServerSide {
    let Some(readings) = Readings::of(observed) else {
        return ServerSide::default();
    };
    let (before, after) = (readings.before, readings.after);
    let (user, system) = after.cpu.since(&before.cpu);
    let requests = measured.recorder.requests;
    // The requests are those of the window. The CPU time is that between the readings.
    let cpu_us = (user + system) * readings.share * 1e6;
    let switches = after.switches.as_ref().zip(before.switches.as_ref());
    let switches = switches.and_then(|(after, before)| after.since(before));
    let per_request = |switches: u64| switches as f64 * readings.share / requests as f64;
    let slots = || after.slots.iter().zip(&before.slots);
    let side = |count: usize| {
        let side = |(after, before): (&Reading, &Reading)| WorkerSide {
            requests: after.requests.saturating_sub(before.requests),
            accepted: after.accepted,
        };
        slots().take(count).map(side).collect()
    };
    let growth = |of: fn(&Reading) -> u64| {
        let growth = slots().map(|(after, before)| of(after).saturating_sub(of(before)));
        (!after.slots.is_empty()).then(|| growth.sum())
    };
    ServerSide {
        cpu_user_s: Some(user),
        cpu_system_s: Some(system),
        cpu_us_per_request: (requests > 0).then(|| cpu_us / requests as f64),
        cpu_read_late_ns: Some(readings.late.map(nanos)),
        pss_peak_bytes: observed.peak.memory_bytes(),
        processes_peak: Some(observed.peak.processes),
        threads_peak: Some(observed.peak.threads),
        voluntary_switches_per_request: switches
            .filter(|_| requests > 0)
            .map(|counts| per_request(counts.voluntary)),
        involuntary_switches_per_request: switches
            .filter(|_| requests > 0)
            .map(|counts| per_request(counts.involuntary)),
        ctx_voluntary: ended.map(|ended| ended.ctx_voluntary),
        ctx_involuntary: ended.map(|ended| ended.ctx_involuntary),
        faults: growth(|reading| reading.faults),
        panics: growth(|reading| reading.panics),
        workers_lost: growth(|reading| reading.lost),
        workers_hung: growth(|reading| reading.hung),
        workers: workers.map(side),
    }
}

fn delay_ledger(ledger: &delays::Delays, takes_stamps: bool) -> Delays {
    let part = |histogram: &Histogram<u64>| {
        let quantiles = quantiles(histogram);
        DelayPart {
            count: histogram.len(),
            p50: quantiles.p50,
            p95: quantiles.p95,
            p99: quantiles.p99,
            max: quantiles.max,
            histogram: encode(histogram),
        }
    };
    let has_stamps = ledger.unstamped < ledger.undelayed.answered.len();
    Delays {
        stamps: match (takes_stamps, has_stamps) {
            (false, _) => StampSource::Off,
            (true, true) => StampSource::Kernel,
            (true, false) => StampSource::None,
        },
        scheduling: part(&ledger.scheduling),
        connection_wait: part(&ledger.connection_wait),
        wire_to_wire: part(&ledger.wire_to_wire),
        read: part(&ledger.read),
        response_minus_scheduling_ns: quantiles_of_sample(&ledger.undelayed),
        inexact: ledger.inexact,
        unstamped: ledger.unstamped,
        clock_jumps: ledger.clock_jumps,
    }
}

fn quantiles_of_sample(sample: &Sample) -> Quantiles {
    let at = |q| sample.quantile(q).map(|quantile| quantile.at_least_ns());
    Quantiles {
        mean: sample.mean_ns(),
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p99_9: at(0.999),
        p99_99: at(0.9999),
        max: sample.max_ns(),
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let answered = Sample {
        answered: histogram.clone(),
        ..Sample::new()
    };
    quantiles_of_sample(&answered)
}

fn client_waits(measured: &Measured) -> ClientWait {
    let mut waits: Vec<u64> = measured
        .clients
        .iter()
        .map(|client| client.longest_wait_ns)
        .collect();
    waits.sort_unstable();
    ClientWait {
        p50: at_quantile(&waits, 0.5),
        p90: at_quantile(&waits, 0.9),
        p99: at_quantile(&waits, 0.99),
        max: waits.last().copied(),
    }
}

fn slices(flow: &FlowBalance) -> Slices {
    let slices = flow.slices();
    let mean = |slice: &Slice| slice.latency_ns.checked_div(slice.replies);
    Slices {
        length_ns: flow.slice_ns(),
        replies: slices.iter().map(|slice| slice.replies).collect(),
        latency_mean_ns: slices.iter().map(mean).collect(),
    }
}

fn series(measured: &Measured, is_planned: bool) -> Vec<Interval> {
    let recorder = &measured.recorder;
    let step_s = recorder.interval_ns() as f64 / 1e9;
    let intervals = recorder.intervals().iter();
    intervals
        .zip(recorder.under_way())
        .enumerate()
        .map(|(at, (interval, under_way))| {
            let value = |q| (interval.requests > 0).then(|| interval.latency.value_at_quantile(q));
            Interval {
                t_s: at as f64 * step_s,
                requests: interval.requests,
                p50: value(0.5),
                p99: value(0.99),
                max: value(1.0),
                histogram: if interval.requests > 0 {
                    encode(&interval.latency)
                } else {
                    String::new()
                },
                planned: is_planned.then_some(interval.planned),
                under_way: Some(under_way),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_an_open_loop_each_client_counts_by_its_share_of_the_plan() {
        let client = |planned: u64, answered_planned: u64| ClientResult {
            planned,
            answered_planned,
            replies: answered_planned,
            ..ClientResult::default()
        };
        let mut load = LoadSpec {
            mode: Mode::Poisson,
            ..LoadSpec::default()
        };
        // The plan is uneven, and the server answers all of it.
        let all = [client(100, 100), client(10, 10), client(0, 0)];
        assert_eq!(fairness(&load, &all), Some(1.0));
        let half = [client(100, 50), client(10, 10)];
        let index = 1.5 * 1.5 / (2.0 * 1.25);
        assert!((fairness(&load, &half).unwrap() - index).abs() < 1e-12);
        // Any client may take any request, so what counts is the replies.
        load.assign = Assign::Free;
        let index = 110.0 * 110.0 / (3.0 * (100.0 * 100.0 + 10.0 * 10.0));
        assert!((fairness(&load, &all).unwrap() - index).abs() < 1e-12);
    }
}
