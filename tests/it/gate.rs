//! The gate with the real program: exit codes, refused options, files.

use std::path::Path;
use std::process::{Command, Output};

use rpcbench::record::{LoadKind, Record};

use crate::support::{example, rpcbench};

/// Short trials: the margins of these tests are wide, or smaller than any noise.
const SHORT: [&str; 4] = ["--duration", "80ms", "--warmup", "30ms"];
/// With it, the tests that run at the same time affect the throughput little.
const THINK: [&str; 2] = ["--think", "1ms"];

/// A short check; `more` sets the baseline and the margins.
fn gate(mut program: Command, more: &[&str]) -> Output {
    // A scenario sets its own.
    let think = if more.contains(&"--scenario") {
        &[][..]
    } else {
        &THINK
    };
    program
        .args([
            "check",
            "--model",
            "threaded",
            "--clients",
            "2",
            "--pairs",
            "14",
        ])
        .args(SHORT)
        .args(["--budget", "12s", "--no-save"])
        .args(think)
        .args(more)
        .output()
        .unwrap()
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_exit_code_is_the_verdict() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let slower = example("slower");
    let slower = slower.get_program().to_str().unwrap();
    let wide = ["--margin", "900%", "--delta", "90%"];
    let pass = gate(rpcbench(), &[&["--baseline", itself][..], &wide].concat());
    assert_eq!(pass.status.code(), Some(0), "{}", text_of(&pass));
    assert!(
        text_of(&pass).starts_with("PASS: candidate against"),
        "{}",
        text_of(&pass)
    );

    // No measurement shows that two builds differ by less than a millionth.
    let narrow = [
        "--baseline",
        itself,
        "--margin",
        "0.0001%",
        "--delta",
        "0.00005%",
    ];
    let inconclusive = gate(rpcbench(), &narrow);
    assert_eq!(
        inconclusive.status.code(),
        Some(4),
        "{}",
        text_of(&inconclusive)
    );
    let accepted = gate(
        rpcbench(),
        &[&narrow[..], &["--inconclusive", "pass"]].concat(),
    );
    assert_eq!(accepted.status.code(), Some(0), "{}", text_of(&accepted));

    let mut slow = Command::new(slower);
    slow.env("SLOWER_NS", "2000000");
    let regressed = gate(slow, &["--baseline", itself]);
    assert_eq!(regressed.status.code(), Some(3), "{}", text_of(&regressed));

    let mut fast = rpcbench();
    fast.env("SLOWER_NS", "2000000");
    let improved = gate(fast, &["--baseline", slower]);
    assert_eq!(improved.status.code(), Some(0), "{}", text_of(&improved));
    assert!(
        text_of(&improved).starts_with("IMPROVED"),
        "{}",
        text_of(&improved)
    );
}

#[test]
fn builds_that_cannot_be_compared_never_pass() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let wrong = gate(rpcbench(), &["--baseline", "/no/such/build"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text_of(&wrong));
    assert!(
        text_of(&wrong).contains("--baseline /no/such/build"),
        "{}",
        text_of(&wrong)
    );
    let no_build = gate(rpcbench(), &["--baseline", "/bin/true"]);
    assert_eq!(no_build.status.code(), Some(1), "{}", text_of(&no_build));
    assert!(
        text_of(&no_build).contains("/true is no build of rpcbench"),
        "{}",
        text_of(&no_build)
    );
    // A build with another version of the protocol between harness and server.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    let script = "#!/bin/sh\necho '{\"schema\":\"rpcbench.ready/99\",\"x\":1}'\nsleep 5\n";
    std::fs::write(&other, script).unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let newer = gate(rpcbench(), &["--baseline", other.to_str().unwrap()]);
    assert_eq!(newer.status.code(), Some(1), "{}", text_of(&newer));
    assert!(
        text_of(&newer).contains("rpcbench.ready/99"),
        "{}",
        text_of(&newer)
    );
    // Wrong params: every reply is an error.
    let wrong_params = ["--method", "spin", "--params", "null"];
    let wrong_params = [&["--baseline", itself], &wrong_params[..]].concat();
    let failing = gate(rpcbench(), &wrong_params);
    assert_eq!(failing.status.code(), Some(5), "{}", text_of(&failing));
    assert!(
        text_of(&failing).starts_with("INVALID"),
        "{}",
        text_of(&failing)
    );
    let refused = |more: &[&str]| {
        let arguments = ["check", "--model", "async", "--baseline", itself];
        let output = rpcbench().args(arguments).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text_of(&output));
        text_of(&output)
    };
    assert!(refused(&["--pairs", "3"]).contains("--pairs must be"));
    assert!(refused(&["--budget", "100ms"]).contains("is too short for the"));
    assert!(refused(&["--delta", "50%"]).contains("is over the margin of cpu (10%)"));
    assert!(refused(&["--trials", "3"]).contains("use --pairs"));
    let nothing = rpcbench()
        .args(["check", "--model", "async"])
        .output()
        .unwrap();
    assert_eq!(nothing.status.code(), Some(2), "{}", text_of(&nothing));
}

#[test]
fn a_candidate_that_dies_regresses() {
    let program = env!("CARGO_BIN_EXE_rpcbench");
    let good = format!("{program} serve --model threaded --listen 127.0.0.1:{{port}}");
    let dies = format!("timeout 0.3 {good}");
    let output = rpcbench()
        .args([
            "check",
            "--exec",
            &dies,
            "--baseline-exec",
            &good,
            "--clients",
            "2",
        ])
        .args([
            "--pairs",
            "10",
            "--duration",
            "600ms",
            "--warmup",
            "50ms",
            "--budget",
            "50s",
            "--share",
            "off",
            "--no-save",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text_of(&output));
    assert!(
        text_of(&output).contains("it ended with exit code 124"),
        "{}",
        text_of(&output)
    );
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

/// The record of a check of two loads that has six pairs and has not decided.
fn undecided(file: &Path) -> Record {
    let output = rpcbench()
        .args(["check", "--baseline", env!("CARGO_BIN_EXE_rpcbench")])
        .args(["--model", "async", "--clients", "2", "--pairs", "6"])
        .args(SHORT)
        .args([
            "--budget", "60s", "--margin", "0.001%", "--delta", "0.0005%",
        ])
        .args(["--save", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    Record::read(file).unwrap()
}

#[test]
fn a_check_measures_two_loads_and_is_resumed_at_the_same_rate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.json");
    let record = undecided(&file);
    let part = &record.check.as_ref().unwrap().parts[0];
    let loads: Vec<LoadKind> = part.loads.iter().map(|load| load.load).collect();
    assert_eq!(loads, [LoadKind::Rate, LoadKind::Capacity]);
    let rate = part.loads[0].rate_rps.unwrap();
    let half = part.loads[0].pilot_rps.unwrap() / 2.0;
    assert!((rate / half - 1.0).abs() < 0.01, "{rate} {half}");
    assert_eq!(record.pilots.len(), 1);
    assert_eq!(record.check.as_ref().unwrap().gated, 4);
    for (cell, role) in record
        .cells
        .iter()
        .zip(["baseline", "candidate"].iter().cycle())
    {
        assert_eq!(cell.contestant.role.unwrap().name(), *role);
        assert_eq!(cell.trials.len(), 6);
    }
    assert_eq!(record.cells[0].load.rate_rps, Some(rate));
    assert_eq!(record.cells[1].load.rate_rps, Some(rate));
    assert_eq!(record.cells[2].load.rate_rps, None);
    assert_eq!(part.order_effect.is_some(), part.drift.is_some());

    let resumed = |more: &[&str]| {
        let arguments = ["check", "--resume", file.to_str().unwrap()];
        rpcbench().args(arguments).args(more).output().unwrap()
    };
    let other = resumed(&["--model", "threaded"]);
    assert_eq!(other.status.code(), Some(2), "{}", text_of(&other));
    let output = resumed(&["--pairs", "8"]);
    assert_eq!(output.status.code(), Some(4), "{}", text_of(&output));
    let after = Record::read(&file).unwrap();
    let continued = &after.check.as_ref().unwrap().parts[0];
    assert_eq!(continued.pairs.len(), 8);
    assert_eq!(continued.pairs[..6], part.pairs[..]);
    assert_eq!(continued.loads, part.loads, "the same rate");
    assert_eq!((after.pilots, after.resumed.len()), (record.pilots, 1));
    let mut orders: Vec<usize> = after
        .cells
        .iter()
        .flat_map(|cell| cell.trials.iter().map(|trial| trial.order))
        .collect();
    orders.sort_unstable();
    assert_eq!(orders, (0..32).collect::<Vec<_>>());
    // Another implementation of the same formulae agrees.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/evidence.py");
    let verified = Command::new("python3")
        .arg(script)
        .arg(&file)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", text_of(&verified));
}

#[test]
fn a_server_of_one_client_is_told_to_be_measured_with_one() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let single = [&SHORT[..], &["--budget", "60s", "--no-save"]].concat();
    let output = rpcbench()
        .args([
            "check",
            "--model",
            "single",
            "--clients",
            "3",
            "--baseline",
            itself,
        ])
        .args(single)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text_of(&output));
    assert!(
        text_of(&output).starts_with("INVALID"),
        "{}",
        text_of(&output)
    );
    let text = text_of(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        text.contains("measure with as many clients as the server serves"),
        "{text}"
    );
}

#[test]
fn every_output_format_is_written_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (out, summary) = (folder.path().join("out"), folder.path().join("summary.md"));
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let mut program = rpcbench();
    program.env("GITHUB_STEP_SUMMARY", &summary);
    let wide = [
        "--margin",
        "900%",
        "--delta",
        "90%",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = gate(program, &[&["--baseline", itself][..], &wide].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text_of(&output));
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();

    assert!(
        read("check.md").starts_with("### ✅ PASS"),
        "{}",
        read("check.md")
    );
    assert!(read("check.md").lines().count() < 30, "fits on one screen");
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), read("check.md"));
    let junit = read("junit.xml");
    assert!(
        junit.contains("<testsuite name=\"threaded, 2 clients\""),
        "{junit}"
    );
    assert!(junit.contains("failures=\"0\""), "{junit}");
    let bencher = json("bencher.json");
    let value = &bencher["threaded, 2 clients"]["cpu_us_per_request"];
    let at = |name: &str| value[name].as_f64().unwrap();
    assert!(
        at("lower_value") <= at("value") && at("value") <= at("upper_value"),
        "{value}"
    );
    let bigger = json("bigger-is-better.json");
    assert_eq!(bigger[0]["unit"], "requests/s");
    assert_eq!(json("smaller-is-better.json").as_array().unwrap().len(), 4);
    assert_eq!(read("trend.csv").lines().count(), 6);
    let record = json("check.json");
    assert_eq!(record["check"]["outcome"], "pass");
    let roles: Vec<&str> = record["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["contestant"]["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["baseline", "candidate"]);
    assert!(record["cells"][0]["trials"].as_array().unwrap().len() >= 6);
    rpcbench::record::Record::read(&out.join("check.json")).unwrap();
    assert!(
        !read("check.txt").contains('\u{1b}'),
        "no colours in a file"
    );
}

#[test]
fn a_check_accepts_only_scenarios_with_fixed_rates() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let wide = ["--margin", "900%", "--delta", "90%", "--format", "json"];
    let arguments = [&["--baseline", itself, "--scenario", "churn"][..], &wide].concat();
    let output = gate(rpcbench(), &arguments);
    let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record["cells"][0]["load"]["requests_per_connection"], 1);
    assert_eq!(record["check"]["parts"][0]["scenario"], "churn");
    let ladder = gate(rpcbench(), &["--baseline", itself, "--scenario", "ladder"]);
    assert_eq!(ladder.status.code(), Some(2), "{}", text_of(&ladder));
    assert!(text_of(&ladder).contains("its rates depend on the servers measured"));
}

#[test]
fn calibrate_reports_the_noise_of_the_machine() {
    let run = |margin: &str, more: &[&str]| {
        rpcbench()
            .args([
                "calibrate",
                "--model",
                "threaded",
                "--clients",
                "2",
                "--pairs",
                "8",
            ])
            .args(SHORT)
            .args(THINK)
            .args(["--margin", margin, "--no-save"])
            .args(more)
            .output()
            .unwrap()
    };
    // A server that answers nothing in time gives no result, which is no quiet machine.
    let late = [
        "--method",
        "sleep",
        "--params",
        "5000",
        "--timeout",
        "100ms",
        "--drain",
        "100ms",
    ];
    let late = run("99%", &[&late[..], &["--anyway"]].concat());
    assert_eq!(late.status.code(), Some(5), "{}", text_of(&late));
    assert!(text_of(&late).contains("no result"), "{}", text_of(&late));
    let output = run("99%", &["--anyway"]);
    assert_eq!(output.status.code(), Some(0), "{}", text_of(&output));
    assert!(text_of(&output).contains("A build compared with itself, 8 interleaved pairs"));
    // No machine is quiet enough for this margin.
    let noisy = run("0.001%", &[]);
    assert_eq!(noisy.status.code(), Some(5), "{}", text_of(&noisy));
    assert!(
        text_of(&noisy).contains("Too noisy to gate"),
        "{}",
        text_of(&noisy)
    );
    assert_eq!(run("0.001%", &["--anyway"]).status.code(), Some(0));
}
