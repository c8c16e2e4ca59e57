//! The JUnit XML of a check, validated against a schema with xmllint (libxml2).
//!
//! Without xmllint the test says that it validates nothing, and fails if `CI` is set.

use std::fs;
use std::process::Command;

use rpcbench::internal::report::check::ALL;
use rpcbench::record::Outcome;

use crate::support::{checked, skipped};

#[test]
fn every_outcome_is_valid_junit_xml() {
    let folder = tempfile::tempdir().unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit.rng");
    let form = ALL.iter().find(|form| form.name() == "junit").unwrap();
    let outcomes = [
        (Outcome::Regressed, "<failure"),
        (Outcome::Invalid, "<error"),
        (Outcome::Inconclusive, "<skipped"),
        (Outcome::Pass, ""),
        (Outcome::Improved, ""),
    ];
    let mut is_validated = true;
    for (outcome, element) in outcomes {
        let mut record = checked(outcome);
        let check = record.check.as_mut().unwrap();
        check.parts[0].name = "python3 'a<b>' & \"c\"".to_owned();
        check.parts[0].reasons = vec!["it ended with exit code 3 <&>".to_owned()];
        let xml = form.render(&record, record.check.as_ref().unwrap());
        assert!(xml.contains(element), "{outcome:?}: {xml}");
        let file = folder.path().join("junit.xml");
        fs::write(&file, &xml).unwrap();
        let arguments = ["--noout", "--nonet", "--relaxng", schema];
        match Command::new("xmllint").args(arguments).arg(&file).output() {
            Ok(output) => {
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{outcome:?}: {stderr}\n{xml}");
            }
            Err(_) => is_validated = false,
        }
    }
    if !is_validated {
        skipped("xmllint", "libxml2-utils");
    }
}
