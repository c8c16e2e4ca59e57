//! `rpcbench calibrate` with the real program.

use std::process::Output;

use crate::support::rpcbench;

/// Short trials of two clients that pause, so that the tests that run at the same time matter little.
const LOAD: &str =
    "--model threaded --clients 2 --think 1ms --duration 80ms --warmup 30ms --no-save";

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A short calibration; the exit code and the text.
fn calibrate(more: &[&str]) -> (Option<i32>, String) {
    let output = rpcbench()
        .arg("calibrate")
        .args(LOAD.split(' '))
        .args(["--pairs", "8"])
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), text_of(&output))
}

#[test]
fn it_says_what_a_gate_can_see_on_this_machine() {
    // A server that answers nothing in time gives no result, which is no quiet machine.
    let late = "--margin 99% --anyway --method sleep --params 5000 --timeout 100ms --drain 100ms";
    let (code, text) = calibrate(&late.split(' ').collect::<Vec<_>>());
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("No result"), "{text}");
    let (code, text) = calibrate(&["--margin", "99%", "--anyway"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("A build compared with itself: 8 interleaved pairs"),
        "{text}"
    );
    for metric in ["CPU per request", "throughput", "p50"] {
        let is_row = |line: &&str| {
            let line = line.trim_start();
            line.starts_with(metric) && line.contains(" pairs, ") && line.ends_with('%')
        };
        assert!(text.lines().any(|line| is_row(&line)), "{metric}: {text}");
    }
    // No machine is quiet enough for this margin.
    let noisy = ["--margin", "0.001%", "--delta", "0.0005%"];
    let (code, text) = calibrate(&noisy);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("Too noisy for the margins"), "{text}");
    let (code, text) = calibrate(&[&noisy[..], &["--anyway"]].concat());
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn builds_of_one_source_are_compared_with_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let copies = ["one", "two"].map(|name| folder.path().join(name));
    for copy in &copies {
        std::fs::copy(env!("CARGO_BIN_EXE_rpcbench"), copy).unwrap();
    }
    let builds = copies
        .iter()
        .flat_map(|copy| ["--build", copy.to_str().unwrap()]);
    let builds: Vec<&str> = builds.chain(["--margin", "99%", "--anyway"]).collect();
    let (code, text) = calibrate(&builds);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("This build compared with other builds of its source"),
        "{text}"
    );
    for copy in &copies {
        let part = format!("threaded and that of {}, 2 clients", copy.display());
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(text.contains("it differs: "), "{text}");
    let (code, text) = calibrate(&["--build", "/no/such/build"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("--build /no/such/build: cannot find this build"),
        "{text}"
    );
}
