//! The gate: verdicts on made-up pairs, exit codes and files of the real program.

use std::process::{Command, Output};

use rpcbench::check::{Pair, Pairs, check, least_pairs};
use rpcbench::record::{ErrorCounts, Outcome, Part, Rules, Trial};

use crate::report::trial;
use crate::support::{example, rpcbench};

const RULES: Rules = Rules {
    alpha: 0.05,
    delta: 0.05,
    margin: 0.1,
    margin_p99: 0.3,
    gate_p99: false,
};

/// Pairs of a candidate that needs so many times the CPU, with noise of this share.
///
/// The machine's speed drifts, steps and remembers: what slows a pair slows both sides of it.
fn pairs(count: usize, times: f64, noise: f64, seed: u64) -> Pairs {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let mut coin = fastrand::Rng::with_seed(seed + 1);
    let (mut slow, mut memory) = (0.0, 0.0);
    let pairs = (0..count).map(|number| {
        // A step in the middle, a drift, and noise that is like that of a moment before.
        slow += 0.01;
        let step = if number > count / 2 { 0.4 } else { 0.0 };
        let candidate_first = coin.bool();
        let mut side = |times: f64| {
            memory = 0.5 * memory + noise * normal();
            let cpu = 10.0 * times * (slow + step + memory).exp();
            trial(number, 1e6 / cpu, cpu)
        };
        let (baseline, candidate) = if candidate_first {
            let candidate = side(times);
            (side(1.0), candidate)
        } else {
            (side(1.0), side(times))
        };
        Pair {
            baseline,
            candidate,
            candidate_first,
        }
    });
    Pairs {
        name: "async".to_owned(),
        clients: 64,
        pairs: pairs.collect(),
        redone: Vec::new(),
        broken: None,
    }
}

fn judged(pairs: &Pairs) -> (Outcome, Part) {
    let (outcome, mut parts) = check(std::slice::from_ref(pairs), &RULES, RULES.alpha);
    (outcome, parts.swap_remove(0))
}

/// How many of 300 checks end like this.
fn share(times: f64, noise: f64, wanted: Outcome) -> f64 {
    let ended = (0..300).filter(|seed| judged(&pairs(20, times, noise, seed * 7)).0 == wanted);
    ended.count() as f64 / 300.0
}

#[test]
fn identical_builds_are_seldom_said_to_differ_and_mostly_pass() {
    // As noisy as research has found such machines to be, and with drift and a step besides.
    assert!(share(1.0, 0.1, Outcome::Regressed) <= 0.03);
    assert!(share(1.0, 0.1, Outcome::Improved) <= 0.03);
    assert!(share(1.0, 0.1, Outcome::Pass) >= 0.8);
}

#[test]
fn real_changes_are_found_and_small_ones_never_called_large() {
    assert!(share(1.15, 0.1, Outcome::Regressed) >= 0.9);
    assert!(share(1.0 / 1.15, 0.1, Outcome::Improved) >= 0.85);
    // Half of what a gate is to pass is neither a regression nor shown to be none.
    assert!(share(1.03, 0.02, Outcome::Regressed) <= 0.02);
    // A slowdown at the margin passes about as often as alpha says.
    assert!(share(1.1, 0.1, Outcome::Pass) <= 0.08);
}

#[test]
fn noise_that_hides_everything_is_inconclusive_never_a_pass() {
    // Now and then chance makes the candidate look so much better that a pass is shown.
    assert!(share(1.0, 0.6, Outcome::Pass) <= 0.15);
    assert!(share(1.0, 0.6, Outcome::Inconclusive) >= 0.75);
}

#[test]
fn each_metric_is_judged_in_its_direction() {
    let (outcome, part) = judged(&pairs(20, 1.3, 0.02, 1));
    assert_eq!(outcome, Outcome::Regressed);
    let finding = |name: &str| part.findings.iter().find(|f| f.metric == name).unwrap();
    // More CPU and less throughput are both worse by the same factor.
    for name in ["cpu_us_per_request", "throughput"] {
        assert!((1.2..1.4).contains(&finding(name).worse), "{name}");
        assert_eq!(finding(name).outcome, Outcome::Regressed);
        assert!(finding(name).gated);
    }
    assert!(!finding("p99").gated && !finding("p50").gated);
    assert!(
        part.drift.unwrap() > 1.3,
        "the step and the drift are told: {:?}",
        part.drift
    );
}

#[test]
fn a_generator_at_its_limit_gates_no_throughput() {
    let mut limited = pairs(20, 1.0, 0.02, 1);
    for pair in &mut limited.pairs {
        pair.candidate.generator.limited = true;
        pair.candidate.throughput_rps *= 0.5;
    }
    let (outcome, part) = judged(&limited);
    assert_eq!(outcome, Outcome::Pass);
    let throughput = part
        .findings
        .iter()
        .find(|f| f.metric == "throughput")
        .unwrap();
    assert!(!throughput.gated);
    assert_eq!(
        throughput.advisory.as_deref(),
        Some("the load generator was the limit")
    );
}

#[test]
fn failing_fast_is_a_regression() {
    let spoilt = |spoil: &dyn Fn(&mut Trial)| {
        let mut pairs = pairs(20, 0.5, 0.02, 1);
        pairs
            .pairs
            .iter_mut()
            .for_each(|pair| spoil(&mut pair.candidate));
        judged(&pairs)
    };
    let (outcome, part) = spoilt(&|trial| {
        trial.errors = ErrorCounts {
            reply: trial.samples / 50,
            ..ErrorCounts::default()
        };
    });
    assert_eq!(outcome, Outcome::Regressed);
    assert!(
        part.reasons[0].contains("requests failed"),
        "{:?}",
        part.reasons
    );
    let (outcome, part) = spoilt(&|trial| trial.clients_unserved = 3);
    assert_eq!(outcome, Outcome::Regressed);
    assert!(
        part.reasons[0].contains("left unserved"),
        "{:?}",
        part.reasons
    );
}

#[test]
fn pairs_that_cannot_be_believed_are_invalid_and_never_a_pass() {
    let mut redone = pairs(20, 1.0, 0.02, 1);
    redone.redone = vec!["candidate: it died".to_owned(); 6];
    let (outcome, part) = judged(&redone);
    assert_eq!(outcome, Outcome::Invalid);
    assert!(
        part.reasons[0].contains("6 of 26 pairs"),
        "{:?}",
        part.reasons
    );
    let mut broken = pairs(3, 1.0, 0.02, 1);
    broken.broken = Some("it would not start".to_owned());
    assert_eq!(judged(&broken).0, Outcome::Invalid);
    let none = Pairs {
        pairs: Vec::new(),
        ..pairs(0, 1.0, 0.02, 1)
    };
    assert_eq!(judged(&none).0, Outcome::Invalid);
}

#[test]
fn the_worst_part_decides() {
    let good = pairs(20, 1.0, 0.02, 1);
    let bad = pairs(20, 1.5, 0.02, 2);
    let better = pairs(20, 0.6, 0.02, 3);
    let all = |parts: &[Pairs]| check(parts, &RULES, RULES.alpha).0;
    assert_eq!(
        all(&[good.clone(), bad.clone(), better.clone()]),
        Outcome::Regressed
    );
    assert_eq!(all(&[good.clone(), better]), Outcome::Improved);
    assert_eq!(all(&[good.clone(), good]), Outcome::Pass);
}

#[test]
fn too_few_pairs_can_show_nothing() {
    // The least p of n pairs is 2^(1−n).
    assert_eq!(least_pairs(0.05, 1), 6);
    assert_eq!(least_pairs(0.05, 2), 7);
    assert_eq!(least_pairs(0.01, 2), 9);
}

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
