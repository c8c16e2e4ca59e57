//! JUnit XML: one suite per part, one test case per gated metric, one for failures, and one for the
//! verdict.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::form::Form;
use crate::findings::check_advice::advice;
use crate::findings::check_failures::failures;
use crate::findings::check_sentences::{notes, of};
use crate::findings::check_table::{rows, word};
use crate::record::{CheckInfo, Outcome, Part, Record};
use crate::report::junit::assertion_cases;

pub(crate) struct Junit;

impl Form for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn file(&self) -> &'static str {
        "junit.xml"
    }

    fn render(&self, record: &Record, check: &CheckInfo) -> String {
        let mut report = Report::new("rpcbench check");
        for part in &check.parts {
            let mut suite = TestSuite::new(of(part));
            for row in rows(check, part).iter().filter(|row| row.finding.gated) {
                suite.add_test_case(case(&row.metric, row.finding.outcome, &row.line()));
            }
            if let Some(reliability) = &part.reliability {
                suite.add_test_case(reliability_case(check, part, reliability.outcome));
            }
            // The outcome of the whole part, with what belongs to no single metric.
            let whole = [notes(check, part), advice(check, part)].concat();
            suite.add_test_case(case("verdict", part.outcome, &whole.join("; ")));
            report.add_test_suite(suite);
        }
        let asserted = assertion_cases(record);
        if !asserted.is_empty() {
            let mut suite = TestSuite::new("assertions");
            suite.add_test_cases(asserted);
            report.add_test_suite(suite);
        }
        // Writing to a string fails only for text that is not valid XML; quick_junit filters such text.
        report.to_string().unwrap_or_default()
    }
}

/// The failures of the servers. Where those of the candidate forbid a pass the test case fails, and is
/// not skipped: they are no noise.
fn reliability_case(check: &CheckInfo, part: &Part, outcome: Outcome) -> TestCase {
    let lines = failures(check, part).into_iter().map(|line| line.text);
    let message = lines.collect::<Vec<_>>().join("; ");
    let status = match outcome {
        Outcome::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Failure),
        outcome => status(outcome),
    };
    with_status("reliability", status, outcome, &message)
}

fn case(name: &str, outcome: Outcome, message: &str) -> TestCase {
    with_status(name, status(outcome), outcome, message)
}

fn status(outcome: Outcome) -> TestCaseStatus {
    match outcome {
        Outcome::Pass | Outcome::Improved => TestCaseStatus::success(),
        Outcome::Inconclusive => TestCaseStatus::skipped(),
        Outcome::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Invalid => TestCaseStatus::non_success(NonSuccessKind::Error),
    }
}

fn with_status(name: &str, status: TestCaseStatus, outcome: Outcome, message: &str) -> TestCase {
    let mut case = TestCase::new(name, status);
    let message = match message {
        "" => word(outcome).to_owned(),
        message => format!("{}: {message}", word(outcome)),
    };
    case.status.set_message(message);
    case
}
