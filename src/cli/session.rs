//! Runs a session at the command line: with its progress on stderr, until it ends or Ctrl-C
//! ends it. The record is saved before anything is printed, so that a closed stdout loses
//! nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::interrupt::Interrupt;
use super::output::say;
use super::progress::Progress;
use super::with_causes;
use crate::error::Error;
use crate::measure::{Measurement, Session};
use crate::record::Record;

/// The exit code after Ctrl-C: that of a shell for a command that SIGINT ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// A session that has run, and whose record is saved.
pub(crate) struct Run {
    pub(crate) record: Record,
    /// Whether Ctrl-C ended it.
    pub(crate) interrupted: bool,
    error: Option<Error>,
    saved: Result<Option<PathBuf>, Error>,
}

/// A session of this process's command.
pub(crate) fn session() -> Session {
    Session::new(std::env::args().collect())
}

/// Runs a measurement, and saves its record.
pub(crate) fn run(session: &Session, measurement: &dyn Measurement) -> anyhow::Result<Run> {
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let finished = session.run(measurement, &mut progress);
    progress.finish();
    let finished = finished?;
    let saved = session.save(&finished.record);
    Ok(Run {
        saved: saved.map(|path| path.map(ToOwned::to_owned)),
        record: finished.record,
        interrupted: finished.interrupted,
        error: finished.error,
    })
}

impl Run {
    /// Whether an error ended it.
    pub(crate) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// The file of the record, if it was saved.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        self.saved.as_ref().ok().and_then(Option::as_ref)
    }

    /// Says where the record is. Returns the error of the run, of saving it, or of `shown`; else
    /// the exit code after Ctrl-C, or `code`.
    pub(crate) fn end(self, shown: anyhow::Result<()>, code: ExitCode) -> anyhow::Result<ExitCode> {
        if let Some(path) = self.file() {
            say(&format!("record: {}", path.display()));
        }
        let errors = [
            self.error.map(anyhow::Error::from),
            self.saved.err().map(anyhow::Error::from),
            shown.err(),
        ];
        let mut errors = errors.into_iter().flatten();
        let Some(first) = errors.next() else {
            return Ok(if self.interrupted {
                ExitCode::from(INTERRUPTED)
            } else {
                code
            });
        };
        for other in errors {
            say(&format!("rpcbench: {}", with_causes(&other)));
        }
        Err(first)
    }
}
