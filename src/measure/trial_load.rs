//! The load of a trial: made by this process alone, or by several generators together.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::case::Case;
use super::observer::Observer;
use super::peers::{Collected, LoadOrder};
use super::share::{Share, wall_clock};
use crate::error::Error;
use crate::load::{Load, Measured, RunningLoad, start_from};

/// How often the start is waited for.
const WAIT: Duration = Duration::from_millis(100);
/// The common start of several generators may have passed by this much.
const MOST_LATE: Duration = Duration::from_secs(1);
/// How often the own drain is looked at before those of the others.
const DRAIN_POLL: Duration = Duration::from_millis(5);

/// A load that runs.
pub(super) struct TrialLoad<'a> {
    case: &'a Case,
    pub(super) running: RunningLoad,
    begun_late: Duration,
}

impl<'a> TrialLoad<'a> {
    /// Starts the load when all generators are ready, or at the time agreed on. `None`: the
    /// observer ended the run before.
    pub(super) fn start(
        case: &'a Case,
        target: std::net::SocketAddr,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Option<TrialLoad<'a>>, Error> {
        let mut generator = case.generator;
        let begins = match &case.peers {
            Some(peers) => {
                generator.part = peers.part();
                let spec = case.load.clone();
                let order = LoadOrder {
                    spec,
                    target,
                    seed,
                    generator,
                };
                let begins = peers.begin(&order)?;
                thread::sleep(begins.saturating_duration_since(Instant::now()));
                begins
            }
            None => match generator.start_at {
                None => Instant::now(),
                Some(at) => match wait_for(at, observer)? {
                    Some(begins) => begins,
                    None => return Ok(None),
                },
            },
        };
        let load = Load::new(case.load.clone(), generator, target, seed)?;
        let running = start_from(&load, begins)?;
        let begun_late = begins.elapsed();
        Ok(Some(TrialLoad {
            case,
            running,
            begun_late,
        }))
    }

    /// Ends the load of this process, and closes its connections. After an early end nothing is
    /// waited for: the engine that started the generators ends them all.
    pub(super) fn finish(self, is_early: bool) -> Result<Ended<'a>, Error> {
        let (case, begun_late) = (self.case, self.begun_late);
        if let Some(peers) = case.peers.as_ref().filter(|_| !is_early) {
            while !self.running.is_drained() {
                thread::sleep(DRAIN_POLL);
            }
            peers.wait_for_drains();
        }
        let measured = self.running.finish()?;
        Ok(Ended {
            case,
            begun_late,
            measured,
        })
    }
}

/// A load that has ended in this process.
pub(super) struct Ended<'a> {
    case: &'a Case,
    begun_late: Duration,
    pub(super) measured: Measured,
}

impl Ended<'_> {
    /// What all generators measured. `None`: this process made the whole load.
    pub(super) fn collect(
        &self,
        steal: f64,
        memory_bytes: Option<u64>,
        is_early: bool,
    ) -> Option<Collected> {
        let (peers, generator) = (&self.case.peers, self.case.generator);
        let part = generator.part;
        // Also one generator of one, which is to be merged, has a common start.
        if peers.is_none() && generator.start_at.is_none() {
            return None;
        }
        let part = peers.as_ref().map_or(part, |peers| peers.part());
        let mut own = Share::new(part, self.measured.clone());
        own.begun_late_ns = u64::try_from(self.begun_late.as_nanos()).unwrap_or(u64::MAX);
        (own.steal, own.memory_bytes) = (steal, memory_bytes);
        Some(match peers {
            Some(peers) if !is_early => peers.collect(own),
            Some(_) => Collected {
                own,
                others: Vec::new(),
                error: None,
            },
            None => {
                own.start_at = self.case.generator.start_at;
                own.clock = Some(wall_clock());
                Collected {
                    own,
                    others: Vec::new(),
                    error: None,
                }
            }
        })
    }
}

/// Waits for this time. `None`: the observer ended the run before.
fn wait_for(at: SystemTime, observer: &mut dyn Observer) -> Result<Option<Instant>, Error> {
    loop {
        match at.duration_since(SystemTime::now()) {
            Ok(left) if left > 2 * WAIT => {
                if observer.wait(WAIT).map_err(Error::Load)? {
                    return Ok(None);
                }
            }
            Ok(left) => thread::sleep(left),
            Err(passed) if passed.duration() > MOST_LATE => {
                let late = passed.duration();
                return Err(Error::Late { late });
            }
            Err(passed) => return Ok(Instant::now().checked_sub(passed.duration())),
        }
    }
}
