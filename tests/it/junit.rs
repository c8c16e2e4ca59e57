//! JUnit's XML of a check, held against a schema by xmllint (libxml2).
//!
//! Where there is no xmllint the test passes without a look, unless `CI` is set.

use std::fs;
use std::process::Command;

use rpcbench::internal::report::check::ALL;
use rpcbench::record::Outcome;

use crate::support::checked;

#[test]
fn readers_of_junit_take_every_outcome() {
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
            Ok(told) => {
                let said = String::from_utf8_lossy(&told.stderr).into_owned();
                assert!(told.status.success(), "{outcome:?}: {said}\n{xml}");
            }
            Err(_) => assert!(std::env::var_os("CI").is_none(), "there is no xmllint"),
        }
    }
}
