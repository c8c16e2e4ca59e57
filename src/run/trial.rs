//! One trial: a fresh server, a load, and both sides' figures.

use std::time::{Duration, Instant};

use super::assemble::{Seen, assemble};
use super::siege::Besieged;
use super::{Entrant, Seat, Watch};
use crate::environment::{self, CpuTicks};
use crate::error::Error;
use crate::harness::{Running, Size, Usage};
use crate::load::{self, Load};
use crate::record::{Options, Trial};

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
