//! The gate with the real program: exit codes, refusals, files.

use std::process::{Command, Output};

use crate::support::{example, rpcbench};

/// A check that is short and, but for what `more` says, has margins that nothing gets over by chance.
fn gate(mut program: Command, more: &[&str]) -> Output {
    program
        .args([
            "check",
            "--model",
            "threaded",
            "--clients",
            "2",
            "--pairs",
            "8",
        ])
        .args(["--duration", "150ms", "--warmup", "50ms", "--budget", "9s"])
        .args(more)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_exit_code_is_the_verdict() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let slower = example("slower");
    let slower = slower.get_program().to_str().unwrap();
    let wide = ["--margin", "95%", "--delta", "90%"];
    let pass = gate(rpcbench(), &[&["--baseline", itself][..], &wide].concat());
    assert_eq!(pass.status.code(), Some(0), "{}", told(&pass));
    assert!(
        told(&pass).starts_with("PASS: candidate against"),
        "{}",
        told(&pass)
    );

    // Nothing can be shown to be within a millionth.
    let narrow = [
        "--baseline",
        itself,
        "--margin",
        "0.0001%",
        "--delta",
        "90%",
    ];
    let inconclusive = gate(rpcbench(), &narrow);
    assert_eq!(
        inconclusive.status.code(),
        Some(4),
        "{}",
        told(&inconclusive)
    );
    let let_through = gate(
        rpcbench(),
        &[&narrow[..], &["--inconclusive", "pass"]].concat(),
    );
    assert_eq!(let_through.status.code(), Some(0), "{}", told(&let_through));

    let mut slow = Command::new(slower);
    slow.env("SLOWER_NS", "400000");
    let regressed = gate(slow, &["--baseline", itself]);
    assert_eq!(regressed.status.code(), Some(3), "{}", told(&regressed));

    let mut fast = rpcbench();
    fast.env("SLOWER_NS", "400000");
    let improved = gate(fast, &["--baseline", slower]);
    assert_eq!(improved.status.code(), Some(0), "{}", told(&improved));
    assert!(
        told(&improved).starts_with("IMPROVED"),
        "{}",
        told(&improved)
    );
}

#[test]
fn what_cannot_be_compared_is_never_a_pass() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let wrong = gate(rpcbench(), &["--baseline", "/no/such/build"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", told(&wrong));
    assert!(
        told(&wrong).contains("--baseline /no/such/build"),
        "{}",
        told(&wrong)
    );
    let no_build = gate(rpcbench(), &["--baseline", "/bin/true"]);
    assert_eq!(no_build.status.code(), Some(1), "{}", told(&no_build));
    assert!(
        told(&no_build).contains("threaded of the baseline"),
        "{}",
        told(&no_build)
    );
    // A build of another version.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    let script = "#!/bin/sh\necho '{\"schema\":\"rpcbench.ready/99\",\"x\":1}'\nsleep 5\n";
    std::fs::write(&other, script).unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let newer = gate(rpcbench(), &["--baseline", other.to_str().unwrap()]);
    assert_eq!(newer.status.code(), Some(1), "{}", told(&newer));
    assert!(
        told(&newer).contains("rpcbench.ready/99"),
        "{}",
        told(&newer)
    );
    // A method that no server knows: every reply is an error.
    let failing = gate(rpcbench(), &["--baseline", itself, "--method", "nope"]);
    assert_eq!(failing.status.code(), Some(5), "{}", told(&failing));
    assert!(told(&failing).starts_with("INVALID"), "{}", told(&failing));
    let short = |more: &[&str]| {
        let arguments = ["check", "--model", "async", "--baseline", itself];
        let output = rpcbench().args(arguments).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        told(&output)
    };
    assert!(short(&["--pairs", "3"]).contains("--pairs must be"));
    assert!(short(&["--budget", "100ms"]).contains("is too short for the"));
    assert!(short(&["--trials", "3"]).contains("see --pairs"));
    let nothing = rpcbench()
        .args(["check", "--model", "async"])
        .output()
        .unwrap();
    assert_eq!(nothing.status.code(), Some(2), "{}", told(&nothing));
}

#[test]
fn a_server_that_dies_half_of_the_time_is_invalid() {
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
            "8",
            "--duration",
            "600ms",
            "--warmup",
            "50ms",
            "--budget",
            "12s",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", told(&output));
    assert!(told(&output).contains("is gone"), "{}", told(&output));
}

#[test]
fn every_form_is_written_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (out, summary) = (folder.path().join("out"), folder.path().join("summary.md"));
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let mut program = rpcbench();
    program.env("GITHUB_STEP_SUMMARY", &summary);
    let wide = [
        "--margin",
        "95%",
        "--delta",
        "90%",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = gate(program, &[&["--baseline", itself][..], &wide].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();

    assert!(
        read("check.md").starts_with("### ✅ PASS"),
        "{}",
        read("check.md")
    );
    assert!(read("check.md").lines().count() < 30, "on one screen");
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
    assert_eq!(json("smaller-is-better.json").as_array().unwrap().len(), 3);
    assert_eq!(read("trend.csv").lines().count(), 5);
    let record = json("check.json");
    assert_eq!(record["check"]["outcome"], "pass");
    let roles: Vec<&str> = record["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["contestant"]["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["baseline", "candidate"]);
    assert_eq!(record["cells"][0]["trials"].as_array().unwrap().len(), 8);
    rpcbench::record::Record::read(&out.join("check.json")).unwrap();
    assert!(
        !read("check.txt").contains('\u{1b}'),
        "no colours in a file"
    );
}

#[test]
fn a_check_takes_scenarios_whose_rates_are_known() {
    let itself = env!("CARGO_BIN_EXE_rpcbench");
    let wide = ["--margin", "95%", "--delta", "90%", "--format", "json"];
    let arguments = [&["--baseline", itself, "--scenario", "churn"][..], &wide].concat();
    let output = gate(rpcbench(), &arguments);
    let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record["cells"][0]["load"]["requests_per_connection"], 1);
    assert_eq!(record["check"]["parts"][0]["scenario"], "churn");
    let ladder = gate(rpcbench(), &["--baseline", itself, "--scenario", "ladder"]);
    assert_eq!(ladder.status.code(), Some(2), "{}", told(&ladder));
    assert!(told(&ladder).contains("its rates depend on who is measured"));
}

#[test]
fn calibrate_says_what_can_be_seen_here() {
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
            .args([
                "--duration",
                "150ms",
                "--warmup",
                "50ms",
                "--margin",
                margin,
            ])
            .args(more)
            .output()
            .unwrap()
    };
    let output = run("99%", &["--anyway"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("Identical against identical, 8 interleaved pairs"));
    // Nothing is so quiet.
    let noisy = run("0.001%", &[]);
    assert_eq!(noisy.status.code(), Some(5), "{}", told(&noisy));
    assert!(
        told(&noisy).contains("Too noisy to gate"),
        "{}",
        told(&noisy)
    );
    assert_eq!(run("0.001%", &["--anyway"]).status.code(), Some(0));
}
