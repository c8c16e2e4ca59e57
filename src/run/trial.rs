//! One trial: a fresh server, a load, and both sides' figures.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::doubts::Evidence;
use super::judge;
use super::siege::Besieged;
use super::{Entrant, Seat, Watch};
use crate::environment::{self, CpuTicks};
use crate::error::Error;
use crate::harness::{self, Running, Size, Usage};
use crate::histogram::encode;
use crate::load::client::ClientResult;
use crate::load::sample::Sample;
use crate::load::{self, Load, Measured};
use crate::record::{
    Censored, ClientWait, GeneratorSide, Histograms, Idle, Interval, LittlesLaw, Options,
    Quantiles, ServerSide, Trial, Validity, WorkerSide,
};
use crate::stats::{at_quantile, jain};

/// How often the watch is asked, and the server looked after.
const LOOK: Duration = Duration::from_millis(100);
/// A sample of the server's memory may cost one part in so many of a core.
const SAMPLING: u32 = 100;
/// What reading the memory of one process costs.
const PSS_COST_US: u64 = 60;

/// Runs one trial; `None` when the watch has ended it. With it come the
/// server's options as it resolved them.
pub(super) fn run(
    seat: &Seat,
    load: &Load,
    watch: &mut dyn Watch,
) -> Result<Option<(Trial, Options)>, Error> {
    let mut options = seat.info.options.clone();
    let (mut server, target) = match &seat.entrant {
        Entrant::Server(contestant) => {
            let server = Running::start(contestant)?;
            if let Some(ready) = server.ready() {
                options.workers = ready.workers;
                options.accept.clone_from(&ready.accept);
            }
            let target = server.address();
            (Some(server), target)
        }
        Entrant::Exec(exec) => {
            let server = Running::start(&exec.contestant(&seat.info.name).map_err(Error::Load)?)?;
            let target = server.address();
            (Some(server), target)
        }
        Entrant::Target(target) => (None, *target),
    };
    let besieged = Besieged::begin(seat, server.as_ref(), target)?;
    let running = load::start(&Load {
        target,
        ..load.clone()
    })?;
    let Some(seen) = watch_window(&running, server.as_mut(), watch)? else {
        return Ok(None);
    };
    let measured = running.finish()?;
    let after = besieged.map(|besieged| besieged.end(server.as_ref()));
    let after = after.transpose()?;
    let ended = server.map(Running::stop).transpose()?;
    let mut trial = assemble(load, &measured, &seen, ended.as_ref(), options.workers);
    if let Some((connections, residue)) = after {
        (trial.hostile_connections, trial.residue) = (connections, residue);
    }
    Ok(Some((trial, options)))
}

/// What was seen from outside while the window lasted.
struct Seen {
    before: Option<Usage>,
    after: Option<Usage>,
    peak: Size,
    steal: f64,
    memory_bytes: Option<u64>,
}

/// Stays with a load until its window has ended; `None` when the watch ends it.
fn watch_window(
    load: &load::Running,
    server: Option<&mut Running>,
    watch: &mut dyn Watch,
) -> Result<Option<Seen>, Error> {
    let mut server = server;
    let begins = load.window_begins();
    if wait_until(begins, load, server.as_deref_mut(), watch, &mut |_| Ok(()))? {
        return Ok(None);
    }
    let ticks = CpuTicks::now();
    let before = usage(server.as_deref())?;
    let mut peak = Size::default();
    let mut next_sample = Instant::now() + LOOK;
    let window_us = u64::try_from((load.window_ends() - begins).as_micros()).unwrap_or(u64::MAX);
    let mut sample = |server: &Running| {
        let begun = Instant::now();
        if begun >= next_sample {
            // Each costs some 60 µs: many of them are looked at only when the window is over.
            let few =
                server.size(false)?.processes * PSS_COST_US <= window_us / u64::from(SAMPLING);
            peak.grow(&server.size(few)?);
            next_sample = Instant::now() + LOOK.max(begun.elapsed() * SAMPLING);
        }
        Ok(())
    };
    if wait_until(
        load.window_ends(),
        load,
        server.as_deref_mut(),
        watch,
        &mut sample,
    )? {
        return Ok(None);
    }
    let after = usage(server.as_deref())?;
    let steal = CpuTicks::now().steal_since(&ticks);
    let memory_bytes = environment::own_memory_bytes();
    if let Some(server) = &server {
        peak.grow(&server.size(true).map_err(Error::Load)?);
    }
    Ok(Some(Seen {
        before,
        after,
        peak,
        steal,
        memory_bytes,
    }))
}

/// True when the watch ends the run.
fn wait_until(
    until: Instant,
    load: &load::Running,
    mut server: Option<&mut Running>,
    watch: &mut dyn Watch,
    sample: &mut dyn FnMut(&Running) -> std::io::Result<()>,
) -> Result<bool, Error> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        if watch.wait(left.min(LOOK)).map_err(Error::Load)? {
            return Ok(true);
        }
        watch.live(load.live(), load.window_begins().elapsed());
        if let Some(server) = &mut server {
            if let Some(ended) = server.ended() {
                return Err(server.died(&ended));
            }
            sample(server).map_err(Error::Load)?;
        }
    }
}

fn usage(server: Option<&Running>) -> Result<Option<Usage>, Error> {
    server.map(Running::usage).transpose().map_err(Error::Load)
}

fn assemble(
    load: &Load,
    measured: &Measured,
    seen: &Seen,
    ended: Option<&harness::Ended>,
    workers: Option<usize>,
) -> Trial {
    let recorder = &measured.recorder;
    let replies: Vec<u64> = measured
        .clients
        .iter()
        .map(|client| client.replies)
        .collect();
    let seconds = load.duration.as_secs_f64();
    let planned = load.schedule.map(|_| recorder.planned);
    let growth = planned.map(|planned| planned as i64 - recorder.ended as i64);
    let count = |is: fn(&ClientResult) -> bool| {
        let clients = measured.clients.iter();
        clients.filter(|client| is(client)).count()
    };
    let clients_served = count(|client| client.replies > 0);
    let mut trial = Trial {
        order: 0,
        round: 0,
        requests: recorder.requests,
        throughput_rps: recorder.requests as f64 / seconds,
        offered_rps: planned.map(|planned| planned as f64 / seconds),
        planned,
        backlog_growth: growth,
        samples: recorder.latency.count(),
        latency_ns: quantiles_of_sample(&recorder.latency),
        service_ns: quantiles(&recorder.service),
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
        fairness_jain: jain(&replies),
        unanswered: recorder.unanswered,
        client_wait_ns: client_waits(measured),
        errors: recorder.errors.clone(),
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
        },
        series: series(measured),
        server: server_side(measured, seen, ended, workers),
        hostile_connections: None,
        residue: None,
        generator: GeneratorSide::default(),
        validity: Validity::default(),
    };
    trial.generator = judge::generator(
        measured,
        planned.map(|_| !trial.over_capacity()),
        seen.memory_bytes,
        load.connections(),
    );
    trial.validity = judge::validity(&Evidence {
        load,
        measured,
        trial: &trial,
        steal: seen.steal,
        orderly_end: ended.is_none_or(|ended| ended.orderly),
    });
    trial
}

fn server_side(
    measured: &Measured,
    seen: &Seen,
    ended: Option<&harness::Ended>,
    workers: Option<usize>,
) -> ServerSide {
    let (Some(before), Some(after)) = (&seen.before, &seen.after) else {
        return ServerSide::default();
    };
    let (user, system) = after.cpu.since(&before.cpu);
    let requests = measured.recorder.requests;
    let slots = || after.slots.iter().zip(&before.slots);
    let side = |count: usize| {
        let side = |(after, before): (&crate::meter::Reading, &crate::meter::Reading)| WorkerSide {
            requests: after.requests.saturating_sub(before.requests),
            accepted: after.accepted,
        };
        slots().take(count).map(side).collect()
    };
    let grown = |of: fn(&crate::meter::Reading) -> u64| {
        let grown = slots().map(|(after, before)| of(after).saturating_sub(of(before)));
        (!after.slots.is_empty()).then(|| grown.sum())
    };
    ServerSide {
        cpu_user_s: Some(user),
        cpu_system_s: Some(system),
        cpu_us_per_request: (requests > 0).then(|| (user + system) * 1e6 / requests as f64),
        pss_peak_bytes: Some(seen.peak.pss_bytes),
        processes_peak: Some(seen.peak.processes),
        threads_peak: Some(seen.peak.threads),
        ctx_voluntary: ended.map(|ended| ended.ctx_voluntary),
        ctx_involuntary: ended.map(|ended| ended.ctx_involuntary),
        faults: grown(|reading| reading.faults),
        panics: grown(|reading| reading.panics),
        workers_lost: grown(|reading| reading.lost),
        workers_hung: grown(|reading| reading.hung),
        workers: workers.map(side),
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

fn series(measured: &Measured) -> Vec<Interval> {
    let window = measured.recorder.window();
    let step_s = window.interval_ns() as f64 / 1e9;
    let intervals = measured.recorder.series.iter().take(window.intervals());
    intervals
        .enumerate()
        .map(|(at, interval)| {
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
            }
        })
        .collect()
}
