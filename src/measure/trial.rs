//! Runs one trial: a fresh server, a load, and the figures of server and generator.

use std::time::{Duration, Instant};

use super::assemble::assemble;
use super::case::Case;
use super::environment;
use super::observed::Observed;
use super::observer::Observer;
use super::ranks::trial_of_shares;
use super::server_spec::ServerSpec;
use super::trial_load::TrialLoad;
use super::window_times::window_times;
use crate::attack::LeakCheck;
use crate::error::Error;
use crate::load::{Measured, RunningLoad};
use crate::process::{CpuTicks, PeakSize, RunningServer, ServerEnd, ServerUsage};
use crate::record::{ServerOptions, Trial};

/// How often the observer and the server are polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often the drain and the stop after an early end are polled.
const DRAIN_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Sampling the server's memory may use at most one part in this number of a core.
const SAMPLING_SHARE: u32 = 100;
/// The cost of reading the memory of one process, in microseconds.
const PSS_COST_US: u64 = 60;

/// Changes the readings of a trial before figures are made of them. Only tests change anything:
/// they build faults in, which the self-test must find.
pub type Adjust<'a> = dyn FnMut(&mut Measured, &mut Observed) + 'a;

/// A trial that was run.
pub(crate) struct TrialRun {
    pub(crate) trial: Trial,
    /// The options that the server resolved.
    pub(crate) options: ServerOptions,
    /// Whether the observer ended the run; the trial is complete unless it is marked.
    pub(crate) ends_run: bool,
    /// The failure of another generator that ended the run; the trial has what could be had.
    pub(crate) error: Option<Error>,
}

/// What ended the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Planned,
    /// The observer ended the run.
    Observer,
    /// The observer ended the run twice: nothing more is waited for.
    Hurried,
}

/// Runs one trial. When the observer ends the run inside the window, the trial is of the window
/// until then; before the window there is no trial: `None`.
pub(crate) fn run(
    case: &Case,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<Option<TrialRun>, Error> {
    let run = run_keeping(case, seed, observer)?;
    match run {
        Some(TrialRun {
            error: Some(error), ..
        }) => Err(error),
        run => Ok(run),
    }
}

/// Runs one trial as [`run`] does. If another generator fails, the trial has the shares of those
/// that did not.
pub(crate) fn run_keeping(
    case: &Case,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<Option<TrialRun>, Error> {
    run_adjusted(case, seed, observer, &mut |_, _| {})
}

/// Runs one trial as [`run`] does, with readings that are adjusted.
pub(crate) fn run_adjusted(
    case: &Case,
    seed: u64,
    observer: &mut dyn Observer,
    adjust: &mut Adjust<'_>,
) -> Result<Option<TrialRun>, Error> {
    let mut options = case.info.options.clone();
    let (mut server, target) = match &case.server_spec {
        ServerSpec::Server(program) => {
            let server = RunningServer::start(program)?;
            if let Some(ready) = server.ready() {
                options.workers = ready.workers;
                options.accept.clone_from(&ready.accept);
            }
            let target = server.address();
            (Some(server), target)
        }
        ServerSpec::Exec(exec) => {
            let server =
                RunningServer::start(&exec.program(&case.info.name).map_err(Error::Load)?)?;
            let target = server.address();
            (Some(server), target)
        }
        ServerSpec::Target(target) => (None, *target),
    };
    let leak_check = LeakCheck::begin(case.attack_mode, server.as_ref(), target)?;
    let Some(load) = TrialLoad::start(case, target, seed, observer)? else {
        return Ok(None);
    };
    let Some((mut observed, mut end)) = watch_window(&load.running, server.as_mut(), observer)?
    else {
        return Ok(None);
    };
    if end != End::Planned && case.peers.is_some() {
        // The engine that started the generators ends them all in a moment.
        end = End::Hurried;
    }
    if end != End::Planned {
        end = watch_drain(&load.running, end, observer)?;
    }
    let mut load = load.finish(end != End::Planned)?;
    adjust(&mut load.measured, &mut observed);
    // Before the server stops: the other generators may still drain.
    let is_early = end != End::Planned;
    let collected = load.collect(observed.steal, observed.memory_bytes, is_early);
    // What the server gives back after an early end is not comparable, and takes time.
    let leaks = leak_check.filter(|_| end == End::Planned);
    let leaks = leaks.map(|check| check.end(server.as_ref()));
    let leaks = leaks.transpose()?;
    let ended = match server {
        // A server that is dropped is killed.
        Some(server) if end != End::Hurried => stop(server, end, observer)?,
        _ => None,
    };
    let (shares, error) = match collected {
        None => (None, None),
        Some(collected) => {
            let shares = (collected.own, collected.others);
            (Some(shares), collected.error)
        }
    };
    let (ended, workers) = (ended.as_ref(), options.workers);
    let mut trial = match &shares {
        None => assemble(&case.load, &load.measured, &observed, ended, workers),
        Some((own, others)) => {
            let shares = (own, others.as_slice());
            trial_of_shares(&case.load, shares, &mut observed, ended, workers)
        }
    };
    if case.peers.is_none()
        && let Some((share, _)) = &shares
    {
        trial.share = Some(share.encode().map_err(|error| Error::Load(error.into()))?);
    }
    if let Some((connections, residue)) = leaks {
        (trial.hostile_connections, trial.residue) = (connections, residue);
    }
    Ok(Some(TrialRun {
        trial,
        options,
        ends_run: end != End::Planned,
        error,
    }))
}

/// Waits for the drain after an early end, until the observer ends the run again.
fn watch_drain(load: &RunningLoad, end: End, observer: &mut dyn Observer) -> Result<End, Error> {
    while !load.is_drained() {
        if end == End::Hurried || observer.wait(DRAIN_POLL_INTERVAL).map_err(Error::Load)? {
            load.end_drain();
            return Ok(End::Hurried);
        }
    }
    Ok(end)
}

/// Stops the server and waits for its end; after an early end only until the observer ends the
/// run again.
fn stop(
    mut server: RunningServer,
    end: End,
    observer: &mut dyn Observer,
) -> Result<Option<ServerEnd>, Error> {
    if end == End::Planned {
        return server.stop().map(Some);
    }
    server.ask_to_stop();
    let until = Instant::now() + server.longest_stop();
    while Instant::now() < until {
        if let Some(ended) = server.wait_for_end(Duration::ZERO) {
            return Ok(Some(ended));
        }
        if observer.wait(DRAIN_POLL_INTERVAL).map_err(Error::Load)? {
            break;
        }
    }
    Ok(None)
}

/// Watches a load until its window ends, as planned or by the observer. `None`: the observer ended
/// the run before the window began.
fn watch_window(
    load: &RunningLoad,
    server: Option<&mut RunningServer>,
    observer: &mut dyn Observer,
) -> Result<Option<(Observed, End)>, Error> {
    let mut server = server;
    let begins = load.window_begins();
    if wait_until(begins, load, server.as_deref_mut(), observer, &mut |_| {
        Ok(())
    })? {
        return Ok(None);
    }
    let ticks = CpuTicks::now();
    let before = usage(server.as_deref())?;
    let mut peak = PeakSize::default();
    let mut next_sample = Instant::now() + POLL_INTERVAL;
    let window_us = u64::try_from((load.window_ends() - begins).as_micros()).unwrap_or(u64::MAX);
    let mut sample = |server: &RunningServer| {
        let begun = Instant::now();
        if begun >= next_sample {
            // Reading memory takes about 60 µs per process: with many processes it is read only
            // after the window.
            server.size(&mut peak, false)?;
            if peak.processes * PSS_COST_US <= window_us / u64::from(SAMPLING_SHARE) {
                server.size(&mut peak, true)?;
            }
            next_sample = Instant::now() + POLL_INTERVAL.max(begun.elapsed() * SAMPLING_SHARE);
        }
        Ok(())
    };
    let mut end = End::Planned;
    while wait_until(
        load.window_ends(),
        load,
        server.as_deref_mut(),
        observer,
        &mut sample,
    )? {
        end = match end {
            End::Planned => {
                load.end_window();
                End::Observer
            }
            End::Observer | End::Hurried => End::Hurried,
        };
    }
    let after = usage(server.as_deref())?;
    load.end_load();
    let steal = CpuTicks::now().steal_since(&ticks);
    let memory_bytes = environment::own_memory_bytes();
    if let Some(server) = &server {
        server.size(&mut peak, true).map_err(Error::Load)?;
    }
    let observed = Observed {
        window: [begins, load.window_ends()],
        times: window_times([begins, load.window_ends()]),
        before,
        after,
        peak,
        steal,
        memory_bytes,
    };
    Ok(Some((observed, end)))
}

/// Waits until `until`. Returns true when the observer ends the run.
///
/// # Errors
/// When the server ends, or waiting or sampling fails.
fn wait_until(
    until: Instant,
    load: &RunningLoad,
    mut server: Option<&mut RunningServer>,
    observer: &mut dyn Observer,
    sample: &mut dyn FnMut(&RunningServer) -> std::io::Result<()>,
) -> Result<bool, Error> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        if observer
            .wait(left.min(POLL_INTERVAL))
            .map_err(Error::Load)?
        {
            return Ok(true);
        }
        observer.live(load.live(), load.window_begins().elapsed());
        if let Some(server) = &mut server {
            if let Some(ended) = server.ended() {
                return Err(server.died(&ended));
            }
            sample(server).map_err(Error::Load)?;
        }
    }
}

fn usage(server: Option<&RunningServer>) -> Result<Option<ServerUsage>, Error> {
    server
        .map(RunningServer::usage)
        .transpose()
        .map_err(Error::Load)
}
