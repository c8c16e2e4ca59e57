//! One run, from its measurement to its record: descriptors, seed, partial results, the record.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::case::Case;
use super::descriptors::reserve_descriptors;
use super::environment;
use super::forecast::Forecast;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::trend_causes;
use crate::error::Error;
use crate::findings::assertion_starts::count_starts;
use crate::findings::assertions::evaluate;
use crate::load::LiveProgress;
use crate::record::{Assertion, Record, ScenarioInfo};

/// How often the results so far are saved, so that a killed run can be resumed.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// Seeds that are drawn are below this, so that they are short to type.
const SEEDS: u64 = 1 << 32;

/// What a session can run.
pub trait Measurement {
    /// All cases, to reserve descriptors for them.
    fn cases(&self) -> Vec<&Case>;

    /// The seed of its random orders and loads.
    fn seed(&self) -> u64;

    /// What it will do and how long that takes.
    fn forecast(&self) -> Forecast;

    /// Whether the results are saved after each trial, and not at intervals only.
    fn saves_each_trial(&self) -> bool {
        false
    }

    /// Runs it. After an interruption or an error the outcome holds what was measured so far.
    fn run(&self, observer: &mut dyn Observer) -> Outcome;
}

/// A run of the program.
#[derive(Debug, Clone)]
pub struct Session {
    /// Start of the run, in UTC (RFC 3339).
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// The scenarios of the cases.
    pub scenarios: Vec<ScenarioInfo>,
    /// When the run was resumed, in UTC (RFC 3339).
    pub resumed: Vec<String>,
    /// The conditions of `--assert`, to be compared with the figures.
    pub asserts: Vec<Assertion>,
    /// The file of the record; `None` saves nothing.
    pub file: Option<PathBuf>,
    save_every: Duration,
}

/// The result of a session.
#[derive(Debug)]
pub struct Finished {
    /// The record, of a part of the trials if the run was ended early.
    pub record: Record,
    /// Whether the observer ended the run.
    pub interrupted: bool,
    /// The error that ended the run, if any.
    pub error: Option<Error>,
}

/// The seed that was given, or one that is drawn.
pub fn seed_or_random(given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| fastrand::u64(..SEEDS))
}

/// The current time, in UTC (RFC 3339).
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

impl Session {
    /// A session of this command that starts now.
    pub fn new(command: Vec<String>) -> Session {
        Session {
            started: now(),
            command,
            scenarios: Vec::new(),
            resumed: Vec::new(),
            asserts: Vec::new(),
            file: None,
            save_every: SAVE_EVERY,
        }
    }

    /// Runs a measurement, and saves the results so far to the file at intervals.
    ///
    /// # Errors
    /// Before the first trial: when the descriptors do not suffice or the file cannot be
    /// written. Later errors are in the result, with the record of the trials before.
    pub fn run(
        &self,
        measurement: &dyn Measurement,
        observer: &mut dyn Observer,
    ) -> Result<Finished, Error> {
        reserve_descriptors(measurement.cases())?;
        if let Some(file) = &self.file {
            // Fails now, not after minutes of measuring.
            Record::check_writable(file)?;
        }
        let seed = measurement.seed();
        let mut saving = SavingObserver {
            observer,
            session: self,
            seed,
            save_every: if measurement.saves_each_trial() {
                Duration::ZERO
            } else {
                self.save_every
            },
            last_saved: Instant::now(),
        };
        saving.run_begins(&measurement.forecast());
        let mut outcome = measurement.run(&mut saving);
        let (interrupted, error) = (outcome.interrupted, outcome.error.take());
        let mut record = self.record(outcome, seed);
        record.interrupted = interrupted || error.is_some();
        Ok(Finished {
            record,
            interrupted,
            error,
        })
    }

    /// Writes the record to the file, if there is one and a trial is complete. Returns its path.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, record: &Record) -> Result<Option<&Path>, Error> {
        let complete = record.cells.iter().any(|cell| !cell.trials.is_empty());
        let file = self.file.as_deref().filter(|_| complete);
        if let Some(file) = file {
            record.write(file)?;
        }
        Ok(file)
    }

    /// The record of this run.
    fn record(&self, mut outcome: Outcome, seed: u64) -> Record {
        trend_causes::set(&mut outcome.cells);
        let mut asserts = evaluate(&self.asserts, &outcome.cells);
        if let Some(check) = &outcome.check {
            count_starts(&mut asserts, check);
        }
        Record {
            schema: Record::SCHEMA.to_owned(),
            started: self.started.clone(),
            command: self.command.clone(),
            seed,
            interrupted: outcome.interrupted,
            tool: environment::tool(),
            environment: environment::read(),
            scenarios: self.scenarios.clone(),
            resumed: self.resumed.clone(),
            asserts,
            cells: outcome.cells,
            searches: outcome.searches,
            check: outcome.check,
            warmup: outcome.warmup,
            pilots: outcome.pilots,
            left_out: outcome.left_out,
        }
    }
}

/// An observer that also saves the results so far.
struct SavingObserver<'a> {
    observer: &'a mut dyn Observer,
    session: &'a Session,
    seed: u64,
    save_every: Duration,
    last_saved: Instant,
}

impl Observer for SavingObserver<'_> {
    fn run_begins(&mut self, forecast: &Forecast) {
        self.observer.run_begins(forecast);
    }

    fn trial_begins(&mut self, case: &Case, progress: RunProgress) {
        self.observer.trial_begins(case, progress);
    }

    fn live(&mut self, live: LiveProgress, elapsed: Duration) {
        self.observer.live(live, elapsed);
    }

    fn wait(&mut self, most: Duration) -> std::io::Result<bool> {
        self.observer.wait(most)
    }

    fn trial_ended(&mut self, so_far: &dyn Fn() -> Outcome) {
        self.observer.trial_ended(so_far);
        let is_due = self.last_saved.elapsed() >= self.save_every;
        let Some(file) = self.session.file.as_deref().filter(|_| is_due) else {
            return;
        };
        let mut record = self.session.record(so_far(), self.seed);
        record.interrupted = true;
        // A failure is ignored here: the complete record is written at the end, which reports it.
        let _ = record.write(file);
        self.last_saved = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Bound, Goal};

    /// A measurement that is killed after its first trial.
    struct Killed<'a>(&'a Path);

    struct Silent;

    impl Observer for Silent {
        fn trial_begins(&mut self, _: &Case, _: RunProgress) {}
        fn live(&mut self, _: LiveProgress, _: Duration) {}
        fn wait(&mut self, _: Duration) -> std::io::Result<bool> {
            Ok(false)
        }
    }

    impl Measurement for Killed<'_> {
        fn cases(&self) -> Vec<&Case> {
            Vec::new()
        }

        fn seed(&self) -> u64 {
            7
        }

        fn forecast(&self) -> Forecast {
            Forecast {
                goal: Goal::Matrix,
                trials: 1,
                pilots: 0,
                time: Duration::ZERO,
                longest: Duration::ZERO,
                bound: Bound::About,
            }
        }

        fn run(&self, observer: &mut dyn Observer) -> Outcome {
            assert!(!self.0.exists());
            observer.trial_ended(&Outcome::default);
            let saved = Record::read(self.0).ok();
            let saved = saved.map(|record| (record.interrupted, record.seed));
            Outcome {
                left_out: vec![format!("{saved:?}")],
                ..Outcome::default()
            }
        }
    }

    #[test]
    fn a_killed_run_leaves_a_record_that_can_be_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.json");
        let mut session = Session::new(vec!["rpcbench".to_owned()]);
        session.file = Some(file.clone());
        let result = session.run(&Killed(&file), &mut Silent).unwrap();
        assert_eq!(result.record.left_out, ["None"], "not after every trial");
        session.save_every = Duration::ZERO;
        let result = session.run(&Killed(&file), &mut Silent).unwrap();
        assert_eq!(result.record.left_out, ["Some((true, 7))"]);
        assert!(!result.record.interrupted);
    }
}
