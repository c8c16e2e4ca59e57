//! JUnit XML, validated against a schema with xmllint (libxml2).

use std::fs;
use std::process::Command;

use super::skipped;

/// Fails if this is no valid JUnit XML. Without xmllint it says that nothing was validated, and
/// fails if `CI` is set.
pub(crate) fn assert_is_junit(xml: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("junit.xml");
    fs::write(&file, xml).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit.rng");
    let arguments = ["--noout", "--nonet", "--relaxng", schema];
    match Command::new("xmllint").args(arguments).arg(&file).output() {
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{stderr}\n{xml}");
        }
        Err(_) => skipped("xmllint", "libxml2-utils"),
    }
}
