//! The gate with servers that fail.

use std::process::Output;

use rpcbench::record::Record;

use crate::support::rpcbench;

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A check of short trials of two Python servers; `fault` is the candidate's.
fn python_gate(fault: &str, more: &[&str]) -> Output {
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faulty.py");
    let command = |fault: &str| format!("python3 {server} {{port}} {fault}");
    rpcbench()
        .args(["check", "--baseline-exec", &command("none")])
        .args(["--exec", &command(fault), "--clients", "4", "--pairs", "6"])
        .args(["--budget", "60s", "--no-save", "--format", "json"])
        .args(["--duration", "300ms", "--warmup", "100ms", "--share", "off"])
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn servers_that_fail_never_pass_and_the_record_says_how() {
    for (fault, kind) in [
        ("abort 1", "died"),
        ("hang 1", "no-replies"),
        ("refuse 1", "no-replies"),
        ("wrong 50", "wrong-replies"),
    ] {
        let output = python_gate(fault, &["--margin", "900%"]);
        assert_ne!(
            output.status.code(),
            Some(0),
            "{fault}: {}",
            text_of(&output)
        );
        let record: Record = serde_json::from_slice(&output.stdout).unwrap();
        let check = record.check.unwrap();
        let reliability = check.parts[0].reliability.clone().unwrap();
        let found = reliability
            .kinds
            .iter()
            .find(|count| serde_json::to_value(count.kind).unwrap() == kind);
        let found = found.unwrap_or_else(|| panic!("{fault}: {:?}", reliability.kinds));
        assert_eq!(found.starts, [0, found.of], "{fault}");
        assert_eq!(reliability.signs, vec![1; reliability.pairs], "{fault}");
        assert_eq!(check.parts[0].pairs.len(), 6, "no pair is left out");
    }
}
