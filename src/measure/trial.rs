//! Runs one trial: a fresh server, a load, and the figures of server and generator.

use std::time::{Duration, Instant};

use super::assemble::{Observed, assemble};
use super::case::Case;
use super::environment;
use super::environment::CpuTicks;
use super::observer::Observer;
use super::server_spec::ServerSpec;
use crate::attack::LeakCheck;
use crate::error::Error;
use crate::load::{Load, RunningLoad, start};
use crate::process::{RunningServer, ServerSize, ServerUsage};
use crate::record::{ServerOptions, Trial};

/// How often the observer and the server are polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Sampling the server's memory may use at most one part in this number of a core.
const SAMPLING_SHARE: u32 = 100;
/// The cost of reading the memory of one process, in microseconds.
const PSS_COST_US: u64 = 60;

/// Runs one trial and returns it with the options that the server resolved.
/// Returns `None` when the observer ends the run.
pub(crate) fn run(
    case: &Case,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<Option<(Trial, ServerOptions)>, Error> {
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
    let load = Load::new(case.load.clone(), case.generator, target, seed)?;
    let running = start(&load)?;
    let Some(observed) = watch_window(&running, server.as_mut(), observer)? else {
        return Ok(None);
    };
    let measured = running.finish()?;
    let leaks = leak_check.map(|check| check.end(server.as_ref()));
    let leaks = leaks.transpose()?;
    let ended = server.map(RunningServer::stop).transpose()?;
    let mut trial = assemble(
        &case.load,
        &measured,
        &observed,
        ended.as_ref(),
        options.workers,
    );
    if let Some((connections, residue)) = leaks {
        (trial.hostile_connections, trial.residue) = (connections, residue);
    }
    Ok(Some((trial, options)))
}

/// Watches a load until its window ends. Returns `None` when the observer ends the run.
fn watch_window(
    load: &RunningLoad,
    server: Option<&mut RunningServer>,
    observer: &mut dyn Observer,
) -> Result<Option<Observed>, Error> {
    let mut server = server;
    let begins = load.window_begins();
    if wait_until(begins, load, server.as_deref_mut(), observer, &mut |_| {
        Ok(())
    })? {
        return Ok(None);
    }
    let ticks = CpuTicks::now();
    let before = usage(server.as_deref())?;
    let mut peak = ServerSize::default();
    let mut next_sample = Instant::now() + POLL_INTERVAL;
    let window_us = u64::try_from((load.window_ends() - begins).as_micros()).unwrap_or(u64::MAX);
    let mut sample = |server: &RunningServer| {
        let begun = Instant::now();
        if begun >= next_sample {
            // Reading memory takes about 60 µs per process: with many processes it is read only
            // after the window.
            let with_memory = server.size(false)?.processes * PSS_COST_US
                <= window_us / u64::from(SAMPLING_SHARE);
            peak.grow(&server.size(with_memory)?);
            next_sample = Instant::now() + POLL_INTERVAL.max(begun.elapsed() * SAMPLING_SHARE);
        }
        Ok(())
    };
    if wait_until(
        load.window_ends(),
        load,
        server.as_deref_mut(),
        observer,
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
    Ok(Some(Observed {
        before,
        after,
        peak,
        steal,
        memory_bytes,
    }))
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
