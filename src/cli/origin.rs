//! The origin of a record: its time, its command and its machine.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::progress::Progress;
use crate::error::Error;
use crate::load::LiveProgress;
use crate::measure::{Case, Observer, Outcome, RunProgress, environment};
use crate::record::{Record, ScenarioInfo};

/// How often the results so far are saved, so that a killed run can be resumed.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// Where a record comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) started: String,
    pub(crate) command: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) scenarios: Vec<ScenarioInfo>,
    /// When the run was resumed.
    pub(crate) resumed: Vec<String>,
}

impl Origin {
    /// A run that starts now, with the command of this process.
    pub(crate) fn now() -> Origin {
        Origin {
            started: now(),
            command: std::env::args().collect(),
            seed: 0,
            scenarios: Vec::new(),
            resumed: Vec::new(),
        }
    }

    /// The same, for a run with this seed.
    pub(crate) fn of(seed: u64) -> Origin {
        Origin {
            seed,
            ..Origin::now()
        }
    }

    /// The record of this run.
    pub(crate) fn record(&self, outcome: Outcome) -> Record {
        Record {
            schema: Record::SCHEMA.to_owned(),
            started: self.started.clone(),
            command: self.command.clone(),
            seed: self.seed,
            interrupted: outcome.interrupted || outcome.error.is_some(),
            tool: environment::tool(),
            environment: environment::read(),
            scenarios: self.scenarios.clone(),
            resumed: self.resumed.clone(),
            cells: outcome.cells,
            searches: outcome.searches,
            check: outcome.check,
            pilots: outcome.pilots,
            left_out: outcome.left_out,
        }
    }
}

/// The current time, in UTC (RFC 3339).
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Whether the user interrupted the run, its record, and its error, if any.
pub(crate) fn recorded(mut outcome: Outcome, origin: &Origin) -> (bool, Record, Option<Error>) {
    let (interrupted, error) = (outcome.interrupted, outcome.error.take());
    let mut record = origin.record(outcome);
    record.interrupted = interrupted || error.is_some();
    (interrupted, record, error)
}

/// An observer that also saves the results so far to the record's file at intervals.
pub(crate) struct SavingObserver<'p, 'i, 'a> {
    progress: &'p mut Progress<'i>,
    origin: &'a Origin,
    file: Option<&'a Path>,
    save_every: Duration,
    last_saved: Instant,
}

impl<'p, 'i, 'a> SavingObserver<'p, 'i, 'a> {
    pub(crate) fn new(
        progress: &'p mut Progress<'i>,
        origin: &'a Origin,
        file: Option<&'a Path>,
    ) -> SavingObserver<'p, 'i, 'a> {
        SavingObserver {
            progress,
            origin,
            file,
            save_every: SAVE_EVERY,
            last_saved: Instant::now(),
        }
    }
}

impl Observer for SavingObserver<'_, '_, '_> {
    fn trial_begins(&mut self, case: &Case, place: RunProgress) {
        self.progress.trial_begins(case, place);
    }

    fn live(&mut self, live: LiveProgress, elapsed: Duration) {
        self.progress.live(live, elapsed);
    }

    fn wait(&mut self, most: Duration) -> std::io::Result<bool> {
        self.progress.wait(most)
    }

    fn trial_ended(&mut self, so_far: &Outcome) {
        let Some(file) = self
            .file
            .filter(|_| self.last_saved.elapsed() >= self.save_every)
        else {
            return;
        };
        let mut record = self.origin.record(so_far.so_far());
        record.interrupted = true;
        // A failure is ignored here: the complete record is written at the end, which reports it.
        let _ = record.write(file);
        self.last_saved = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::interrupt::Interrupt;

    #[test]
    fn a_killed_run_leaves_a_record_that_can_be_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.json");
        let interrupt = Interrupt::catch().unwrap();
        let mut progress = Progress::new(&interrupt);
        let origin = Origin::of(7);
        let mut observer = SavingObserver::new(&mut progress, &origin, Some(&file));
        observer.trial_ended(&Outcome::default());
        assert!(!file.exists(), "not saved after every trial");
        observer.save_every = Duration::ZERO;
        observer.trial_ended(&Outcome::default());
        let record = Record::read(&file).unwrap();
        assert!(record.interrupted && record.seed == 7);
    }
}
