//! The gate with the real program: exit codes, refused options, files.

use std::process::{Command, Output};

use crate::support::{example, is_stalled, rpcbench, undisturbed};

/// Short trials: the margins of these tests are wide, or smaller than any noise.
const SHORT: [&str; 4] = ["--duration", "80ms", "--warmup", "30ms"];
/// With it, the tests that run at the same time affect the throughput little.
const THINK: [&str; 2] = ["--think", "1ms"];

/// As many pairs as a busy machine needs; a quiet one decides after six.
const PAIRS: [&str; 4] = ["--pairs", "40", "--budget", "60s"];
/// For a check that never decides.
const FEW_PAIRS: [&str; 4] = ["--pairs", "7", "--budget", "12s"];

/// A short check; `more` sets the baseline, the margins and the pairs.
fn gate(mut program: Command, more: &[&str]) -> Output {
    // A scenario sets its own.
    let think = if more.contains(&"--scenario") {
        &[][..]
    } else {
        &THINK
    };
    let pairs = if more.contains(&"--pairs") {
        &[][..]
    } else {
        &PAIRS
    };
    program
        .args(["check", "--model", "threaded", "--clients", "2"])
        .args(SHORT)
        .arg("--no-save")
        .args(think)
        .args(pairs)
        .args(more)
        .output()
        .unwrap()
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A check with this exit code; `program` is made for each attempt.
fn gate_with_code(code: i32, program: impl Fn() -> Command, more: &[&str]) -> Output {
    let is_disturbed = |output: &Output| is_stalled(output.status.code(), code);
    let output = undisturbed(|| gate(program(), more), is_disturbed);
    assert_eq!(output.status.code(), Some(code), "{}", text_of(&output));
    output
}

#[test]
fn the_exit_code_is_the_verdict() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let slower = example("slower");
    let slower = slower.get_program().to_str().unwrap();
    let wide = ["--margin", "900%", "--delta", "90%"];
    let pass = gate_with_code(0, rpcbench, &[&["--baseline", itself][..], &wide].concat());
    assert!(
        text_of(&pass).starts_with("PASS: candidate is not worse"),
        "{}",
        text_of(&pass)
    );

    // No measurement shows that two builds differ by less than a millionth.
    let margins = ["--margin", "0.0001%", "--delta", "0.00005%"];
    let narrow = [&["--baseline", itself][..], &margins, &FEW_PAIRS].concat();
    gate_with_code(4, rpcbench, &narrow);
    let accepted = [&narrow[..], &["--inconclusive", "pass"]].concat();
    gate_with_code(0, rpcbench, &accepted);

    let with_delay = |mut program: Command| {
        program.env("SLOWER_NS", "2000000");
        program
    };
    let slow = || with_delay(Command::new(slower));
    gate_with_code(3, slow, &["--baseline", itself]);

    let fast = || with_delay(rpcbench());
    let improved = gate_with_code(0, fast, &["--baseline", slower]);
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
            "90s",
            "--no-save",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text_of(&output));
    assert!(
        text_of(&output)
            .replace("\n  ", " ")
            .contains("candidate ended with exit code 124 in"),
        "{}",
        text_of(&output)
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
    // On a busy machine the files say that the check is inconclusive.
    let (title, outcome) = match output.status.code() {
        Some(0) => ("### ✅ PASS", "pass"),
        Some(4) => ("### ⚠️ INCONCLUSIVE", "inconclusive"),
        _ => panic!("{}", text_of(&output)),
    };
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();

    assert!(read("check.md").starts_with(title), "{}", read("check.md"));
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
    assert_eq!(record["check"]["outcome"], outcome);
    let roles: Vec<&str> = record["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["contestant"]["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["baseline", "candidate"]);
    assert!(record["cells"][0]["trials"].as_array().unwrap().len() >= 6);
    let report = out.join("report");
    let reported = rpcbench()
        .arg("report")
        .arg(out.join("check.json"))
        .arg("--out")
        .arg(&report)
        .output()
        .unwrap();
    assert!(reported.status.success(), "{}", text_of(&reported));
    assert_eq!(read("report/report.md"), read("check.md"));
    assert_eq!(read("report/junit.xml"), junit);
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
