//! The files that `report` writes, and files that are not records.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{run, study};

fn saved(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn report_writes_the_page_and_its_charts() {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&study()).unwrap();
    let (one, other) = (
        saved(folder.path(), "one.json", &text),
        saved(folder.path(), "other.json", &text),
    );
    let out = folder.path().join("out");
    let [out_name, one, other] = [&out, &one, &other].map(|path| path.to_str().unwrap());
    let output = run(&["report", one, "--out", out_name]);
    assert_eq!(output.status.code(), Some(0));
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    let pictures = fs::read_dir(out.join("plots")).unwrap().count();
    assert_eq!(page.matches("<figure ").count(), pictures);
    let old = out.join("plots/old.svg");
    fs::copy(out.join("plots/throughput-echo.svg"), &old).unwrap();
    let others = saved(&out.join("plots"), "others.svg", "<svg/>");
    for file in ["report.md", "trials.csv"] {
        assert!(out.join(file).exists(), "{file}");
    }
    let output = run(&["report", one, other, "--out", out_name]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        !old.exists() && others.exists(),
        "only old files of rpcbench are removed"
    );
    assert!(out.join("one/report.md").exists() && out.join("other/trials.csv").exists());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.starts_with("What changed from one to other\n"),
        "{stdout}"
    );
    assert!(stdout.contains("changes.md has all changes"), "{stdout}");
    let changes = out.join("changes.md");
    let text = fs::read_to_string(&changes).unwrap();
    assert!(
        text.starts_with("# What changed from one to other\n"),
        "{text}"
    );
    assert!(
        fs::read_to_string(out.join("report.html"))
            .unwrap()
            .contains("async · other")
    );
    let output = run(&["report", one, "--out", out_name]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!changes.exists(), "one record has no changes");
}

#[test]
fn a_file_that_is_not_a_record_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = serde_json::to_string(&study()).unwrap();
    let newer = whole.replace("rpcbench.record/1", "rpcbench.record/2");
    // In the middle of a name; between the digits of a number the fault would be another.
    let cut = whole.rfind("\"validity\"").unwrap() + 4;
    for (name, text, expected) in [
        ("cut.json", &whole[..cut], "EOF"),
        ("newer.json", newer.as_str(), "rpcbench.record/2"),
        ("other.json", "{}", "missing field"),
    ] {
        let path = saved(folder.path(), name, text);
        let out = folder.path().join("out");
        let output = run(&[
            "report",
            path.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains(name) && stderr.contains(expected),
            "{stderr}"
        );
        assert!(!out.exists(), "{name}: nothing is written");
    }
}
