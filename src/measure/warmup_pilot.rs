//! Pilots for `--warmup auto`: how long each server takes until throughput and latency are steady.
//!
//! All trials then have the same warm-up, the longest that a server needs. A pilot is a closed loop
//! from the start of a fresh server on.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::Bound;
use super::observer::{Observer, Purpose, RunProgress};
use super::pilot::pilot_case;
use super::steadiness::{SLICE, Steadiness, steadiness};
use super::trial::{StartedServer, start_server};
use crate::error::Error;
use crate::load::{Load, RunningLoad, start_from};
use crate::record::{FailureKind, LoadSpec, PilotFailure, Role, WarmupInfo, WarmupPilot};

/// The longest pilot.
pub const LONGEST: Duration = Duration::from_secs(8);
/// What the pilot of a server takes that is steady at once.
pub(super) const USUAL: Duration = Duration::from_millis(1300);
/// A server without any reply for this long is not waited for.
const SILENT: Duration = Duration::from_secs(3);
/// The shortest warm-up.
const LEAST_WARMUP: Duration = Duration::from_millis(200);
/// How often a pilot is looked at.
const POLL: Duration = Duration::from_millis(100);
/// The last slices are published this long after the end of the load.
const PUBLISHED_AFTER: Duration = Duration::from_millis(200);

/// A warm-up that pilots find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoWarmup {
    /// The longest warm-up; `None` is any.
    pub most: Option<Duration>,
    /// Whether it was asked for; else it is the default, and may be left out.
    pub is_asked: bool,
}

/// What a run does besides these pilots, to tell its progress.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) trials: usize,
    pub(super) time: Duration,
    pub(super) bound: Bound,
    /// The longest pilot that leaves time for it.
    pub(super) longest_pilot: Duration,
    pub(super) seed: u64,
}

/// The pilots that an earlier run has not done: one per server, under the first of its loads.
pub(super) fn missing<'a>(
    cases: impl Iterator<Item = &'a Case>,
    before: Option<&WarmupInfo>,
) -> Vec<Case> {
    let mut pilots: Vec<Case> = Vec::new();
    for case in cases {
        let is_known = pilots.iter().any(|pilot| is_same_server(pilot, case));
        let is_done = before.is_some_and(|before| before.pilots.iter().any(|one| is_of(one, case)));
        if !is_known && !is_done {
            let mut pilot = pilot_case(case);
            (pilot.load.warmup, pilot.load.duration) = (Duration::ZERO, USUAL);
            pilots.push(pilot);
        }
    }
    pilots
}

fn is_same_server(one: &Case, other: &Case) -> bool {
    one.is_same_server_as(other) && one.info.role == other.info.role
}

/// Whether it is the pilot of this server.
pub(super) fn is_of(pilot: &WarmupPilot, case: &Case) -> bool {
    pilot.contestant == case.name()
        && pilot.workers == case.info.options.workers
        && pilot.is_candidate == (case.info.role == Some(Role::Candidate))
}

/// What the pilots to come may add to the estimated time of a run: their own time, and the warm-up
/// that they find in each of these trials.
pub(super) fn may_add(
    rule: Option<AutoWarmup>,
    missing: &[Case],
    trials: impl Iterator<Item = (Duration, usize)>,
) -> Duration {
    let Some(rule) = rule.filter(|_| !missing.is_empty()) else {
        return Duration::ZERO;
    };
    let longest = rule.most.unwrap_or(LONGEST).min(LONGEST / 2);
    let trials = trials.map(|(warmup, count)| longest.saturating_sub(warmup) * count as u32);
    (LONGEST - USUAL) * missing.len() as u32 + trials.sum::<Duration>()
}

/// Runs the missing pilots. `None`: the observer ended the run.
///
/// # Errors
/// When a server cannot be measured.
pub(super) fn settle<'a>(
    rule: AutoWarmup,
    cases: impl Iterator<Item = &'a Case>,
    before: Option<&WarmupInfo>,
    rest: &Rest,
    observer: &mut dyn Observer,
) -> Result<Option<WarmupInfo>, Error> {
    let mut missing = missing(cases, before);
    if missing.iter().all(|case| case.info.role.is_some()) {
        // The sides of a check: each is as likely to be first.
        fastrand::Rng::with_seed(rest.seed).shuffle(&mut missing);
    }
    let mut pilots = before.map_or_else(Vec::new, |before| before.pilots.clone());
    for (index, case) in missing.iter().enumerate() {
        let left: Duration = missing[index..].iter().map(Case::time).sum();
        let progress = RunProgress {
            index,
            of: missing.len() + rest.trials,
            left: left + rest.time,
            trial: case.time(),
            bound: rest.bound,
            purpose: Purpose::Warmup,
        };
        observer.trial_begins(case, progress);
        match pilot(case, rest, observer) {
            Ok(Some(pilot)) => pilots.push(pilot),
            Ok(None) => return Ok(None),
            Err(error) => pilots.push(failed(case, error)?),
        }
    }
    let mut info = WarmupInfo {
        most_s: rule.most.map(|most| most.as_secs_f64()),
        pilots,
        ..WarmupInfo::default()
    };
    let warmup = info.needed().max(LEAST_WARMUP);
    let warmup = rule.most.map_or(warmup, |most| warmup.min(most));
    info.warmup_s = warmup.as_secs_f64();
    Ok(Some(info))
}

/// The pilot of a side of a check whose server failed.
///
/// # Errors
/// Where it is no side of a check, or the reason is not the server's.
fn failed(case: &Case, error: Error) -> Result<WarmupPilot, Error> {
    let (kind, what) = match &error {
        Error::NotReady { what, .. } => (FailureKind::NotStarted, what.clone()),
        Error::Died { what, .. } => (FailureKind::Died, what.clone()),
        _ => return Err(error),
    };
    if case.info.role.is_none() {
        return Err(error);
    }
    Ok(WarmupPilot {
        failed: Some(PilotFailure { kind, what }),
        ..of(case)
    })
}

/// The pilot of a server without any result.
fn of(case: &Case) -> WarmupPilot {
    WarmupPilot {
        contestant: case.name().to_owned(),
        workers: case.info.options.workers,
        is_candidate: case.info.role == Some(Role::Candidate),
        steady_after_s: 0.0,
        took_s: 0.0,
        is_steady: false,
        failed: None,
    }
}

/// Gives these cases the warm-up that pilots found.
pub(super) fn apply<'a>(info: &WarmupInfo, cases: impl Iterator<Item = &'a mut Case>) {
    for case in cases {
        let load = &mut case.load;
        let ramp = 2 * Load::ramp(load.connections());
        // A scenario may need a longer one.
        let own = case
            .scenario
            .as_ref()
            .map_or(Duration::ZERO, |_| load.warmup);
        load.warmup = info.warmup().max(ramp).max(own);
    }
}

/// Measures one server until it is clearly steady. `None`: the observer ended the run.
fn pilot(
    case: &Case,
    rest: &Rest,
    observer: &mut dyn Observer,
) -> Result<Option<WarmupPilot>, Error> {
    let spec = LoadSpec {
        duration: rest.longest_pilot,
        ..case.load.clone()
    };
    let StartedServer {
        mut server, target, ..
    } = start_server(case)?;
    let mut load = Load::new(spec, case.generator, target, rest.seed)?;
    load.slice = Some(SLICE);
    let running = start_from(&load, Instant::now())?;
    let found = loop {
        if observer.wait(POLL).map_err(Error::Load)? {
            return Ok(None);
        }
        observer.live(running.live(), running.window_begins().elapsed());
        if let Some(server) = &mut server
            && let Some(ended) = server.ended()
        {
            return Err(server.died(&ended));
        }
        if let Some(found) = looked_at(&running, rest.longest_pilot) {
            break found;
        }
    };
    drop(running);
    if let Some(server) = server {
        server.stop()?;
    }
    let (steadiness, took) = found;
    Ok(Some(WarmupPilot {
        steady_after_s: steadiness.after.as_secs_f64(),
        took_s: took.as_secs_f64(),
        is_steady: steadiness.is_steady,
        ..of(case)
    }))
}

/// What a pilot has found, and after which time, if it is over.
fn looked_at(running: &RunningLoad, longest: Duration) -> Option<(Steadiness, Duration)> {
    let slices = running.slices();
    let took = SLICE * u32::try_from(slices.len()).unwrap_or(u32::MAX);
    let found = steadiness(&slices);
    if let Some(found) = found.filter(|found| found.is_clear) {
        return Some((found, took));
    }
    let elapsed = running.window_begins().elapsed();
    let is_silent = elapsed > SILENT && running.live().requests == 0;
    if elapsed < longest + PUBLISHED_AFTER && !is_silent {
        return None;
    }
    let nothing = Steadiness {
        after: Duration::ZERO,
        is_steady: false,
        is_clear: false,
    };
    Some((found.unwrap_or(nothing), took))
}
