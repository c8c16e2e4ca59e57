//! Runs the cases against a model or a command.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::case::Case;
use super::cases::cases;
use super::report::{CaseReport, CaseResult, Report};
use super::stalls::{StallWatch, attempts};
use super::subject::{CommandTraits, Subject};
use super::violation::Violation;
use crate::error::Error;

/// After this time no further case begins; those that are left are violated.
pub const TOTAL_LIMIT: Duration = Duration::from_secs(120);
/// Cases that run at a time: most of their time is waiting.
const CASES_AT_A_TIME: usize = 4;

/// Checks a model of `program`, a binary whose `main` returns [`rpcbench::main`](crate::main).
/// Returns the report, which also lists the cases that were left out.
///
/// # Panics
/// When a case is violated, with all that are; or when no server can be started.
pub fn check(program: impl Into<PathBuf>, model: &str) -> Report {
    Contract::of_model(program, model).check()
}

/// Checks the server that `command` starts at port `{port}`, such as `python3 server.py {port}`.
/// `program` is any binary whose `main` returns [`rpcbench::main`](crate::main): it guards the
/// server, so that no process is left.
///
/// A command's own limits are not known, so the cases that set limits are left out.
///
/// # Panics
/// As [`check`].
pub fn check_command(program: impl Into<PathBuf>, command: &str) -> Report {
    Contract::of_command(program, command).check()
}

/// A check of the contract, with choices.
///
/// ```no_run
/// use std::time::Duration;
///
/// use rpcbench::contract::Contract;
///
/// let contract = Contract::of_model("target/debug/mine", "my-model");
/// let report = contract.busy_poll(Duration::from_secs(1)).run()?;
/// for (case, violation) in report.violated() {
///     eprintln!("{case}: {violation}");
/// }
/// # Ok::<(), rpcbench::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Contract {
    program: PathBuf,
    under_test: Under,
    cases: Vec<&'static Case>,
}

#[derive(Debug, Clone)]
enum Under {
    Model(String, Option<Duration>),
    Command(String, CommandTraits),
}

impl Contract {
    /// The contract of a model of `program`; see [`check`].
    pub fn of_model(program: impl Into<PathBuf>, model: &str) -> Contract {
        Contract::new(program.into(), Under::Model(model.to_owned(), None))
    }

    /// The contract of the server that a command starts; see [`check_command`].
    pub fn of_command(program: impl Into<PathBuf>, command: &str) -> Contract {
        let command = Under::Command(command.to_owned(), CommandTraits::default());
        Contract::new(program.into(), command)
    }

    fn new(program: PathBuf, under_test: Under) -> Contract {
        Contract {
            program,
            under_test,
            cases: cases().collect(),
        }
    }

    /// Says that a process or thread of the command serves one connection at a time. A model
    /// declares this itself.
    #[must_use]
    pub fn serial(mut self) -> Contract {
        if let Under::Command(_, traits) = &mut self.under_test {
            traits.is_serial = true;
        }
        self
    }

    /// Lets a model with an event loop poll without sleeping for this time; see
    /// [`Limits::busy_poll`](crate::Limits::busy_poll).
    #[must_use]
    pub fn busy_poll(mut self, time: Duration) -> Contract {
        if let Under::Model(_, busy_poll) = &mut self.under_test {
            *busy_poll = Some(time);
        }
        self
    }

    /// Only the cases with these names.
    ///
    /// # Panics
    /// When there is no case of a name.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Contract {
        let named = |name: &&str| {
            let case = cases().find(|case| case.name() == *name);
            case.unwrap_or_else(|| panic!("the contract has no case {name:?}"))
        };
        self.cases = names.iter().map(named).collect();
        self
    }

    /// Runs the cases, some at a time.
    ///
    /// # Errors
    /// When the program is no binary of rpcbench, has no such model, or its server does not start.
    pub fn run(&self) -> Result<Report, Error> {
        let subject = self.subject()?;
        let reports: Vec<Mutex<Option<CaseReport>>> =
            self.cases.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let begun = Instant::now();
        let work = |stalls: &StallWatch| {
            loop {
                let at = next.fetch_add(1, Relaxed);
                let Some(case) = self.cases.get(at) else {
                    return;
                };
                let report = run_case(case, &subject, begun + TOTAL_LIMIT, stalls);
                *reports[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
            }
        };
        StallWatch::during(|stalls| {
            thread::scope(|scope| {
                for _ in 0..CASES_AT_A_TIME.min(self.cases.len()) {
                    scope.spawn(|| work(stalls));
                }
            });
        });
        let cases = reports
            .into_iter()
            .filter_map(|report| report.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(Report {
            subject: self.name().to_owned(),
            cases: cases.collect(),
        })
    }

    /// Runs the cases and returns the report.
    ///
    /// # Panics
    /// When a case is violated, with all that are; or when [`Contract::run`] fails.
    pub fn check(&self) -> Report {
        match self.run() {
            Ok(report) if report.passed() => report,
            Ok(report) => panic!("{report}"),
            Err(error) => panic!("{error}"),
        }
    }

    fn name(&self) -> &str {
        match &self.under_test {
            Under::Model(name, _) | Under::Command(name, _) => name,
        }
    }

    fn subject(&self) -> Result<Subject, Error> {
        let program: &Path = &self.program;
        let mut subject = match &self.under_test {
            Under::Model(model, busy_poll) => Subject::model(program, model, *busy_poll)?,
            Under::Command(command, traits) => Subject::command(program, command, *traits)?,
        };
        let probed = subject.probe().map_err(|violation| Error::Contract {
            program: program.to_owned(),
            what: format!(
                "{}: expected {}, but seen: {}",
                self.name(),
                violation.expected,
                violation.seen
            ),
        });
        probed.map(|()| subject)
    }
}

fn run_case(
    case: &'static Case,
    subject: &Subject,
    end: Instant,
    stalls: &StallWatch,
) -> CaseReport {
    let without_a_run = |result| CaseReport {
        case,
        result,
        disturbed: Vec::new(),
    };
    if let Some(reason) = case.needs.iter().find_map(|need| subject.lacks(*need)) {
        return without_a_run(CaseResult::LeftOut(reason));
    }
    if end <= Instant::now() {
        let expected = format!("all cases begin within {TOTAL_LIMIT:?}");
        let violation = Violation::new(expected, "no time was left for this one");
        return without_a_run(CaseResult::Violated(violation));
    }
    let run = || (case.run)(&subject.under_test());
    let is_disturbed = |begun| stalls.seen_since(begun) && Instant::now() < end;
    let (result, disturbed) = attempts(run, is_disturbed);
    CaseReport {
        case,
        result: result.map_or_else(CaseResult::Violated, |()| CaseResult::Holds),
        disturbed,
    }
}
