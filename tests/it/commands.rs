//! Servers that a command starts (`--exec`): the signals that they begin with, and how they end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{SHORT, eventually, measured};

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/plain_server.py");

/// Writes a script for `sh`, which finds the port in `$1`, and returns the command that runs it.
fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("start.sh");
    fs::write(&path, text).unwrap();
    format!("sh {} {{port}}", path.display())
}

/// The server as a Python program that writes a file `stopped` when it gets SIGTERM.
fn server_that_reports_its_stop(folder: &Path) -> PathBuf {
    let path = folder.join("server.py");
    let stopped = folder.join("stopped");
    let text = format!(
        r#"
import runpy
import signal
import sys

def stop(*_):
    open({stopped:?}, "w").close()
    sys.exit(0)

signal.signal(signal.SIGTERM, stop)
runpy.run_path({SERVER:?})
"#
    );
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_label_names_a_command_in_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record.json");
    let command = format!("python3 {SERVER} {{port}}");
    let output = Command::new(env!("CARGO_BIN_EXE_rpcbench"))
        .args([
            "--exec", &command, "-n", "mine", "--model", "single", "-c", "2",
        ])
        .args(["--save", record.to_str().unwrap()])
        .args(SHORT)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nmine "), "{text}");
    let saved: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    assert_eq!(saved["cells"][1]["contestant"]["name"], "mine");
    assert_eq!(saved["cells"][1]["contestant"]["command"], command);
    let out = folder.path().join("out");
    let report = Command::new(env!("CARGO_BIN_EXE_rpcbench"))
        .arg("report")
        .arg(&record)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(report.status.success());
    for file in ["report.html", "report.md", "trials.csv"] {
        let text = fs::read_to_string(out.join(file)).unwrap();
        assert!(text.contains("mine"), "{file}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains(&format!("mine: {command}")));
}

fn trial_of(command: &str) -> Value {
    let load = ["--exec", command, "--clients", "2"];
    measured(&[&load[..], &SHORT].concat())["cells"][0]["trials"][0].clone()
}

/// Whether a process has a path in this folder among its arguments.
fn is_in_use(folder: &Path) -> bool {
    let folder = folder.to_str().unwrap();
    let pids = fs::read_dir("/proc").unwrap();
    pids.filter_map(|entry| fs::read(entry.unwrap().path().join("cmdline")).ok())
        .any(|arguments| String::from_utf8_lossy(&arguments).contains(folder))
}

#[test]
fn a_command_starts_with_no_signal_blocked_or_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (program, signals) = (
        folder.path().join("server.py"),
        folder.path().join("signals"),
    );
    // Not through a shell: some of them unblock all signals when they start.
    let text = format!(
        r#"
import runpy

status = [line.split() for line in open("/proc/self/status")]
signals = [words[1] for words in status if words[0] in ("SigBlk:", "SigIgn:")]
with open({signals:?}, "w") as file:
    file.write(" ".join(signals))
runpy.run_path({SERVER:?})
"#
    );
    fs::write(&program, text).unwrap();
    // The harness ignores what its own parent ignored, as under nohup(1).
    let output = Command::new("sh")
        .args(["-c", r#"trap "" HUP USR1; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_rpcbench"))
        .args(["--exec", &format!("python3 {} {{port}}", program.display())])
        .args(["--clients", "2", "--no-save"])
        .args(SHORT)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let signals = fs::read_to_string(signals).unwrap();
    let sets = signals.split(' ');
    let sets: Vec<u64> = sets
        .map(|set| u64::from_str_radix(set, 16).unwrap())
        .collect();
    // Python itself ignores these two.
    let by_python = [Signal::SIGPIPE, Signal::SIGXFSZ];
    let by_python: u64 = by_python
        .map(|signal| 1 << (signal as i32 - 1))
        .iter()
        .sum();
    assert_eq!((sets[0], sets[1] & !by_python), (0, 0), "{signals}");
}

#[test]
fn a_stop_reaches_the_child_of_a_wrapper() {
    let folder = tempfile::tempdir().unwrap();
    let server = server_that_reports_its_stop(folder.path());
    let command = script(
        folder.path(),
        &format!(
            "trap 'wait $child; exit' TERM\npython3 {} $1 &\nchild=$!\nwait $child\n",
            server.display()
        ),
    );
    trial_of(&command);
    assert!(folder.path().join("stopped").exists());
    assert!(!is_in_use(folder.path()));
}

#[test]
fn an_end_by_the_stop_signal_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let in_background = format!("python3 {SERVER} $1 &\nchild=$!\nwait $child\n");
    let commands = [
        (
            "a server without a handler",
            format!("exec python3 {SERVER} $1\n"),
        ),
        ("a wrapper without a trap", in_background.clone()),
        (
            "a wrapper that returns 143",
            format!("trap 'wait $child; exit 143' TERM\n{in_background}"),
        ),
    ];
    for (what, text) in commands {
        let trial = trial_of(&script(folder.path(), &text));
        let reasons = trial["validity"]["reasons"].as_array().unwrap();
        let is_unclean = |reason: &Value| reason.as_str().unwrap().contains("stop cleanly");
        assert!(!reasons.iter().any(is_unclean), "{what}: {reasons:?}");
        eventually("the script has ended", || !is_in_use(folder.path()));
    }
}

#[test]
fn another_end_after_a_stop_is_not_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("trap 'exit 7' TERM\npython3 {SERVER} $1 &\nwait\n");
    let trial = trial_of(&script(folder.path(), &text));
    let reasons = trial["validity"]["reasons"].to_string();
    assert!(reasons.contains("stop cleanly"), "{reasons}");
}
