//! Runs the checks: each once, then those that failed twice more.

use std::time::{Duration, Instant};

use super::bench::{Bench, Halt, Position, time};
use super::check::{Check, Length, Reading};
use super::verdict::verdict;
use crate::error::Error;
use crate::record::SelftestCheck;

/// Tries of a check that fails at first.
const MOST_TRIES: usize = 3;

/// A self-test.
#[derive(Clone, Copy)]
pub struct Selftest {
    /// The checks.
    pub checks: &'static [&'static dyn Check],
    /// How long the windows are.
    pub length: Length,
}

/// The results so far, and why they are not all.
#[derive(Debug, Default)]
pub struct Results {
    /// The results of the checks that were run.
    pub checks: Vec<SelftestCheck>,
    /// Whether the observer ended the run.
    pub interrupted: bool,
    /// The error that ended the run.
    pub error: Option<Error>,
}

impl Selftest {
    /// The longest time that it takes: no further try begins that would end later.
    pub fn limit(&self) -> Duration {
        match self.length {
            Length::Quick => Duration::from_secs(38),
            Length::Full => Duration::from_secs(115),
        }
    }

    /// Estimated time of one try of each check.
    pub fn time(&self) -> Duration {
        self.checks.iter().map(|check| self.time_of(*check)).sum()
    }

    fn time_of(&self, check: &dyn Check) -> Duration {
        check.trials(self.length).iter().map(time).sum()
    }

    /// Runs it. A check that fails at first is tried twice more after all others, so that the
    /// same disturbance of the machine does not meet all its tries.
    pub fn run(&self, bench: &mut Bench<'_>) -> Results {
        let begun = Instant::now();
        let mut tries: Vec<Vec<Reading>> = vec![Vec::new(); self.checks.len()];
        let stopped = self.rounds(bench, begun, &mut tries);
        let tried = self.checks.iter().zip(&tries);
        let tried = tried.filter(|(_, tries)| !tries.is_empty());
        let mut results = Results {
            checks: tried.map(|(check, tries)| verdict(*check, tries)).collect(),
            ..Results::default()
        };
        match stopped {
            Ok(()) => {}
            Err(Halt::Ended) => results.interrupted = true,
            Err(Halt::Failed(error)) => results.error = Some(error),
        }
        results
    }

    fn rounds(
        &self,
        bench: &mut Bench<'_>,
        begun: Instant,
        tries: &mut [Vec<Reading>],
    ) -> Result<(), Halt> {
        let mut due: Vec<usize> = (0..self.checks.len()).collect();
        for round in 0..MOST_TRIES {
            let mut left: Duration = due.iter().map(|at| self.time_of(self.checks[*at])).sum();
            for (done, at) in due.iter().copied().enumerate() {
                let check = self.checks[at];
                let ends = begun.elapsed() + self.time_of(check);
                if round > 0 && ends > self.limit() {
                    continue;
                }
                let position = Position {
                    index: done,
                    of: due.len(),
                    left,
                };
                tries[at].push(try_at(bench, check, self.length, position)?);
                left = left.saturating_sub(self.time_of(check));
            }
            let is_decided = |at: &usize| tries[*at].iter().all(Reading::is_ok);
            due.retain(|at| !is_decided(at));
        }
        Ok(())
    }
}

/// One try of a check.
///
/// # Errors
/// When the observer ends it, or a server or a load cannot be run.
pub fn try_once(bench: &mut Bench<'_>, check: &dyn Check, length: Length) -> Result<Reading, Halt> {
    let position = Position {
        index: 0,
        of: 1,
        left: check.trials(length).iter().map(time).sum(),
    };
    try_at(bench, check, length, position)
}

fn try_at(
    bench: &mut Bench<'_>,
    check: &dyn Check,
    length: Length,
    position: Position,
) -> Result<Reading, Halt> {
    let mut left = position.left;
    let mut tried = Vec::new();
    for known in check.trials(length) {
        tried.push(bench.run(check.name(), &known, Position { left, ..position })?);
        left = left.saturating_sub(time(&known));
    }
    Ok(check.judge(&tried))
}
