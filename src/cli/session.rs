//! Runs a session at the command line: with its progress on stderr, until it ends or Ctrl-C ends it.

use anyhow::Context;

use super::interrupt::Interrupt;
use super::progress::Progress;
use crate::measure::{Finished, Measurement, Session};

/// A session of this process's command.
pub(crate) fn session() -> Session {
    Session::new(std::env::args().collect())
}

/// Runs a measurement.
pub(crate) fn run(session: &Session, measurement: &dyn Measurement) -> anyhow::Result<Finished> {
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let finished = session.run(measurement, &mut progress);
    progress.finish();
    Ok(finished?)
}
