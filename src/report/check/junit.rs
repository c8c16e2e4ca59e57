//! JUnit XML: one suite per part, one test case per gated metric.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::form::Form;
use crate::findings::check_sentences;
use crate::findings::check_sentences::{of, shows, title};
use crate::record::{CheckInfo, Outcome, Record};

pub(crate) struct Junit;

impl Form for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn file(&self) -> &'static str {
        "junit.xml"
    }

    fn render(&self, _record: &Record, check: &CheckInfo) -> String {
        let mut report = Report::new("rpcbench check");
        for part in &check.parts {
            let mut suite = TestSuite::new(of(part));
            for finding in part.findings.iter().filter(|finding| finding.gated) {
                suite.add_test_case(case(title(finding), finding.outcome, &shows(finding)));
            }
            // The outcome of the whole part, with reasons that belong to no single metric.
            let whole = part.reasons.join("; ");
            suite.add_test_case(case("verdict", part.outcome, &whole));
            report.add_test_suite(suite);
        }
        // Writing to a string fails only for text that is not valid XML; quick_junit filters such text.
        report.to_string().unwrap_or_default()
    }
}

fn case(name: &str, outcome: Outcome, message: &str) -> TestCase {
    let status = match outcome {
        Outcome::Pass | Outcome::Improved => TestCaseStatus::success(),
        Outcome::Inconclusive => TestCaseStatus::skipped(),
        Outcome::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Invalid => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let mut case = TestCase::new(name, status);
    case.status
        .set_message(format!("{}: {message}", check_sentences::word(outcome)));
    case
}
