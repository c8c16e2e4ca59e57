//! JUnit XML of a measurement: a suite per server and load, with a test case for its trials and one
//! for each condition of `--assert`.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::format::Format;
use crate::findings::assertion_sentences::{AssertRow, rows, subject};
use crate::findings::labelled;
use crate::findings::validity_sentences::sentence;
use crate::record::{AssertVerdict, Cell, Record, Verdict};

pub(crate) struct Junit;

impl Format for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn render(&self, record: &Record) -> String {
        let record = &*labelled(record);
        let mut suites: Vec<TestSuite> = Vec::new();
        for cell in &record.cells {
            let mut suite = TestSuite::new(subject(cell));
            suite.add_test_case(trials(cell));
            suites.push(suite);
        }
        for row in rows(record) {
            let case = case(&row);
            match suites.iter_mut().find(|suite| *suite.name == *row.subject) {
                Some(suite) => {
                    suite.add_test_case(case);
                }
                None => {
                    let mut suite = TestSuite::new("assertions");
                    suite.add_test_case(case);
                    suites.push(suite);
                }
            }
        }
        // The report counts the cases of a suite when it is added.
        let mut report = Report::new("rpcbench");
        report.add_test_suites(suites);
        // Writing to a string fails only for text that is not valid XML; quick_junit filters such text.
        report.to_string().unwrap_or_default()
    }
}

/// The conditions of `--assert`, a case for each server and load.
pub(crate) fn assertion_cases(record: &Record) -> Vec<TestCase> {
    rows(record).iter().map(case).collect()
}

fn case(row: &AssertRow) -> TestCase {
    let mut status = match row.verdict {
        AssertVerdict::Holds => TestCaseStatus::success(),
        AssertVerdict::Undecided => TestCaseStatus::non_success(NonSuccessKind::Error),
        AssertVerdict::Violated => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_message(row.line());
    TestCase::new(row.condition.as_str(), status)
}

/// Whether the trials of a cell can be used.
fn trials(cell: &Cell) -> TestCase {
    let trials = cell.counted_trials();
    let of = |verdict: Verdict| {
        let mut found = trials
            .iter()
            .filter(move |trial| trial.validity.verdict == verdict);
        let first = found.next();
        first.map(|trial| {
            let first = trial.validity.findings.first();
            first.map_or_else(|| "it is marked".to_owned(), sentence)
        })
    };
    let error = |message: String| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(message);
        TestCase::new("trials", status)
    };
    match (of(Verdict::Invalid), of(Verdict::Suspect)) {
        _ if trials.is_empty() => error("no trial was completed".to_owned()),
        (Some(invalid), _) => error(invalid),
        (None, suspect) => {
            let mut case = TestCase::new("trials", TestCaseStatus::success());
            if let Some(suspect) = suspect {
                case.set_system_out(suspect);
            }
            case
        }
    }
}
