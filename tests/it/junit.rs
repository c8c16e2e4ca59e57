//! The JUnit XML of a check, for each outcome.

use rpcbench::internal::report::check::ALL;
use rpcbench::record::Outcome;

use crate::support::{assert_is_junit, checked};

#[test]
fn every_outcome_is_valid_junit_xml() {
    let form = ALL.iter().find(|form| form.name() == "junit").unwrap();
    let outcomes = [
        (Outcome::Regressed, "<failure"),
        (Outcome::Invalid, "<error"),
        (Outcome::Inconclusive, "<skipped"),
        (Outcome::Pass, ""),
        (Outcome::Improved, ""),
    ];
    for (outcome, element) in outcomes {
        let mut record = checked(outcome);
        let check = record.check.as_mut().unwrap();
        check.parts[0].name = "python3 'a<b>' & \"c\"".to_owned();
        check.parts[0].reasons = vec!["it ended with exit code 3 <&>".to_owned()];
        let xml = form.render(&record, record.check.as_ref().unwrap());
        assert!(xml.contains(element), "{outcome:?}: {xml}");
        assert_is_junit(&xml);
    }
}
