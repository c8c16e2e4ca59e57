//! What Ctrl-C and a broken stdout leave: whole records, and exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rpcbench::record::{Record, Trial};

use crate::support::{SHORT, is_stalled, rpcbench, undisturbed, wait_for_server};

/// The records that were saved in this folder by default.
fn saved_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("results/runs"));
    let files = files.into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}

/// The only record that was saved in this folder.
fn record_in(folder: &Path) -> Record {
    let files = saved_in(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    Record::read(&files[0]).unwrap()
}

fn started(arguments: &[&str], folder: &Path) -> Child {
    let mut program = rpcbench();
    program.args(arguments).current_dir(folder);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    program.spawn().unwrap()
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    texts(child.wait_with_output().unwrap())
}

fn texts(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Runs a shell command in which `$rpcbench` is the program.
fn shell(command: &str, folder: &Path) -> Output {
    Command::new("bash")
        .args(["-c", command])
        .env("rpcbench", env!("CARGO_BIN_EXE_rpcbench"))
        .current_dir(folder)
        .output()
        .unwrap()
}

const LONG: [&str; 8] = [
    "--model",
    "async",
    "--clients",
    "4",
    "--duration",
    "20s",
    "--warmup",
    "50ms",
];

#[test]
fn ctrl_c_in_a_window_shows_and_keeps_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let child = started(&LONG, folder.path());
    wait_for_server(child.id() as i32, 1);
    thread::sleep(Duration::from_secs(1));
    interrupt(&child);
    let (code, stdout, stderr) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
    let words = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.starts_with("Ended early by Ctrl-C: the last trial has ")
            && words.contains(" of 20 s; its figures are marked."),
        "{stdout}"
    );
    let path = saved_in(folder.path()).remove(0);
    let path = path.strip_prefix(folder.path()).unwrap().to_str().unwrap();
    assert!(stderr.contains(&format!("record: {path}\n")), "{stderr}");
    let advice = format!("to resume: rpcbench --resume {path}\n");
    assert!(stderr.contains(&advice), "{stderr}");
    let record = record_in(folder.path());
    assert!(record.interrupted);
    let trial: &Trial = &record.cells[0].trials[0];
    let measured_s = trial.measured_s.unwrap();
    assert!(trial.interrupted && measured_s < 20.0, "{measured_s}");
    assert!(trial.requests > 0 && trial.unanswered == 0);
    let rate_rps = trial.requests as f64 / measured_s;
    assert!((trial.throughput_rps / rate_rps - 1.0).abs() < 1e-9);
    assert_eq!(
        trial.series.iter().map(|one| one.requests).sum::<u64>(),
        trial.requests
    );
    assert_eq!(trial.validity.findings[0].code(), "ended-early");
    assert_eq!(record.cells[0].load.duration, Duration::from_secs(20));
}

#[test]
fn a_second_ctrl_c_ends_the_drain_and_keeps_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let sleeping = ["--method", "sleep", "--params", "60000", "--drain", "100ms"];
    let child = started(&[&LONG[..], &sleeping].concat(), folder.path());
    wait_for_server(child.id() as i32, 1);
    thread::sleep(Duration::from_millis(500));
    interrupt(&child);
    thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let (code, _, stderr) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
    let trial = &record_in(folder.path()).cells[0].trials[0];
    assert!(trial.interrupted);
    assert_eq!(trial.unanswered, 4, "one request per client");
}

#[test]
fn ctrl_c_in_the_warm_up_leaves_no_trial_and_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--model", "async", "--clients", "4", "--warmup", "20s"];
    let child = started(&arguments, folder.path());
    wait_for_server(child.id() as i32, 1);
    interrupt(&child);
    let (code, stdout, stderr) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stdout.contains("No trial was completed."), "{stdout}");
    assert!(!stderr.contains("--resume"), "{stderr}");
    assert!(saved_in(folder.path()).is_empty());
}

#[test]
fn every_command_that_measures_ends_with_130_after_ctrl_c_and_keeps_its_trials() {
    let program = env!("CARGO_BIN_EXE_rpcbench");
    let load = ["--model", "async", "--clients", "4"];
    let many = ["--duration", "250ms", "--warmup", "50ms"];
    let pairs = ["--pairs", "100"];
    let check = [
        "check",
        "--baseline",
        program,
        "--budget",
        "10m",
        "--share",
        "off",
    ];
    let commands: [(Vec<&str>, usize); 4] = [
        ([&check[..], &load, &many, &pairs].concat(), 4),
        (
            [&["calibrate", "--share", "off"][..], &load, &many, &pairs].concat(),
            4,
        ),
        (
            [&["torture"][..], &load, &["--duration", "20s"]].concat(),
            1,
        ),
        ([&["--slo", "p99<10ms"][..], &load, &many].concat(), 2),
    ];
    for (arguments, servers) in commands {
        let folder = tempfile::tempdir().unwrap();
        let child = started(&arguments, folder.path());
        wait_for_server(child.id() as i32, servers);
        // The warm-up of a trial of torture is half a second, after the start of the attack.
        thread::sleep(Duration::from_millis(if servers == 1 { 2000 } else { 0 }));
        interrupt(&child);
        let (code, _, stderr) = ended(child);
        assert_eq!(code, Some(130), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("--resume"), "{arguments:?}: {stderr}");
        let record = record_in(folder.path());
        assert!(record.interrupted, "{arguments:?}");
        let trials = record.cells.iter().map(|cell| cell.trials.len());
        assert!(trials.sum::<usize>() > 0, "{arguments:?}");
    }
}

#[test]
fn a_broken_stdout_leaves_the_record_whole_and_the_exit_code() {
    let measure = "$rpcbench --model async --clients 2 --duration 400ms --warmup 50ms";
    let check = "$rpcbench check --baseline $rpcbench --model async --clients 2 --pairs 8 \
                 --duration 100ms --warmup 20ms --margin 900% --delta 90% --budget 20s \
                 --inconclusive pass";
    for (command, trials) in [(measure, 1), (check, 24)] {
        for (broken, code) in [
            ("| head -c 1; exit ${PIPESTATUS[0]}", 0),
            ("| true; exit ${PIPESTATUS[0]}", 0),
            (">&-", 0),
            (">/dev/full", 1),
        ] {
            let run = || {
                let folder = tempfile::tempdir().unwrap();
                let output = shell(&format!("{command} {broken}"), folder.path());
                (folder, texts(output))
            };
            let (folder, (ended, _, stderr)) =
                undisturbed(run, |(_, text)| is_stalled(text.0, code));
            assert_eq!(ended, Some(code), "{command} {broken}: {stderr}");
            assert!(stderr.contains("record: results/runs/"), "{stderr}");
            assert_eq!(stderr.contains("cannot write the results"), code == 1);
            let record = record_in(folder.path());
            let measured = record.cells.iter().map(|cell| cell.trials.len());
            assert!(measured.sum::<usize>() >= trials, "{command} {broken}");
            assert!(!record.interrupted);
        }
    }
}

#[test]
fn a_default_folder_that_cannot_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    // A file stands where the folder would be.
    fs::write(folder.path().join("results"), "").unwrap();
    let load = [&["--model", "async", "--clients", "2"][..], &SHORT].concat();
    let (code, stdout, stderr) = ended(started(&load, folder.path()));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("Throughput"), "{stdout}");
    assert!(
        stderr.starts_with("rpcbench: warning: cannot write results/runs/")
            && stderr.contains("this run is not saved"),
        "{stderr}"
    );
    assert!(!stderr.contains("record:"), "{stderr}");
    let named = [&load[..], &["--save", "results/runs/named.json"]].concat();
    let (code, stdout, stderr) = ended(started(&named, folder.path()));
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("cannot write results/runs/named.json"));
}

#[test]
fn figures_are_printed_even_if_saving_fails_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("results/runs");
    let arguments = [&["--model", "async", "--clients", "2"][..], &SHORT].concat();
    let child = started(&arguments, folder.path());
    wait_for_server(child.id() as i32, 1);
    // The folder was there when the run began.
    fs::remove_dir(&runs).unwrap();
    fs::write(&runs, "").unwrap();
    let (code, stdout, stderr) = ended(child);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("Throughput"), "{stdout}");
    assert!(stderr.contains("cannot write results/runs/"), "{stderr}");
}
