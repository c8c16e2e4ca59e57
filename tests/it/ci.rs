//! The gate in CI: `git bisect run`, the script of action.yml, and action.yml itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{is_stalled, rpcbench, skipped, undisturbed};

const RPCBENCH: &str = env!("CARGO_BIN_EXE_rpcbench");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A short check whose margins are far wider than any noise, and far narrower than the slow commit.
const SHORT: &str =
    "--clients 2 --think 1ms --duration 80ms --warmup 30ms --budget 30s --margin 900% --delta 90%";

/// A server whose handler computes for this time.
fn server(burn_us: u32) -> String {
    let burn = format!(
        "            until = time.thread_time() + {burn_us}e-6\n            while time.thread_time() < until:\n                pass\n"
    );
    let text = fs::read_to_string(Path::new(ROOT).join("tests/it/plain_server.py")).unwrap();
    let line = "            request = json.loads(body)\n";
    assert!(text.contains(line));
    text.replace("import threading\n", "import threading\nimport time\n")
        .replace(line, &(burn + line))
}

fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=test", "-c", "user.email=test@localhost"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    git.output().unwrap()
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs git, and returns what it prints.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = git(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text_of(&output)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with a commit of the server for each of these times; the hashes.
fn repository(folder: &Path, burns_us: &[u32]) -> Vec<String> {
    fs::create_dir(folder).unwrap();
    done(folder, &["init", "--quiet"]);
    let commit = |(at, burn_us): (usize, &u32)| {
        let text = format!("# revision {at}\n{}", server(*burn_us));
        fs::write(folder.join("server.py"), text).unwrap();
        done(folder, &["add", "server.py"]);
        done(
            folder,
            &["commit", "--quiet", "-m", &format!("revision {at}")],
        );
        done(folder, &["rev-parse", "HEAD"])
    };
    burns_us.iter().enumerate().map(commit).collect()
}

/// Whether the programs are there that these tests need.
fn has_programs() -> bool {
    for (program, package) in [("git", "git"), ("python3", "python3"), ("bash", "bash")] {
        if Command::new(program).arg("--version").output().is_err() {
            skipped(program, package);
            return false;
        }
    }
    true
}

#[test]
fn git_bisect_finds_the_slow_commit_of_ten() {
    if !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let burns_us = [0, 0, 0, 0, 0, 0, 600, 600, 600, 600];
    let commits = repository(&tree, &burns_us);
    let good = folder.path().join("good");
    let good = good.to_str().unwrap();
    done(
        &tree,
        &["worktree", "add", "--quiet", "--detach", good, &commits[0]],
    );
    let baseline = format!("python3 {good}/server.py {{port}}");
    let mut arguments = vec!["bisect", "run", RPCBENCH, "check", "--exit-code", "bisect"];
    arguments.extend(["--baseline-exec", &baseline]);
    arguments.extend(["--exec", "python3 server.py {port}", "--no-save"]);
    arguments.extend(SHORT.split(' '));
    let bisect = || {
        done(&tree, &["bisect", "start", &commits[9], &commits[0]]);
        git(&tree, &arguments)
    };
    let output = undisturbed(bisect, |output| !output.status.success());
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    let expected = format!("{} is the first bad commit", commits[6]);
    assert!(text.contains(&expected), "{expected}:\n{text}");
}

#[test]
fn a_bisection_ends_where_the_command_is_wrong_and_skips_what_cannot_be_measured() {
    let code = |arguments: &[&str]| {
        let bisect = ["check", "--exit-code", "bisect", "--no-save"];
        let output = rpcbench().args(bisect).args(arguments).output().unwrap();
        (output.status.code(), text_of(&output))
    };
    // git takes 1 to 127 for a bad commit, except 125.
    let (wrong, text) = code(&["--model", "async", "--baselin", "x"]);
    assert_eq!(wrong, Some(128), "{text}");
    let (broken, text) = code(&[
        "--baseline-exec",
        "false {port}",
        "--exec",
        "false {port}",
        "--clients",
        "2",
    ]);
    assert_eq!(broken, Some(125), "{text}");
    let good = format!("{RPCBENCH} serve --model async --listen 127.0.0.1:{{port}}");
    let (broken, text) = code(&[
        "--baseline-exec",
        &good,
        "--exec",
        "false {port}",
        "--clients",
        "2",
        "--duration",
        "80ms",
        "--warmup",
        "30ms",
        "--assert",
        "errors=0",
    ]);
    assert_eq!(
        broken,
        Some(125),
        "it is not known whether it is slow: {text}"
    );
    let (wrong, text) = code(&["--model", "async", "--inconclusive", "pass"]);
    assert_eq!(wrong, Some(128), "{text}");
}

/// The exit code of the script, what it prints, its outputs for GitHub, and the page of the job.
type GateResult = (Option<i32>, String, String, String);

/// As [`gate`], for a check that ends with this code unless the machine disturbs it.
fn gate_with_code(expected: i32, folder: &Path, variables: &[(&str, &str)]) -> GateResult {
    undisturbed(
        || gate(folder, variables),
        |(code, ..)| is_stalled(*code, expected),
    )
}

/// Runs the script in this folder.
fn gate(folder: &Path, variables: &[(&str, &str)]) -> GateResult {
    let [outputs, summary] = ["outputs", "summary"].map(|name| folder.join("..").join(name));
    for file in [&outputs, &summary] {
        fs::write(file, "").unwrap();
    }
    let output = Command::new(Path::new(ROOT).join("ci/gate.sh"))
        .current_dir(folder)
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GATE_RPCBENCH", RPCBENCH)
        .env("GATE_ARGS", format!("{SHORT} --no-save"))
        .env("TMPDIR", folder.parent().unwrap())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (
        output.status.code(),
        text_of(&output),
        fs::read_to_string(outputs).unwrap(),
        fs::read_to_string(summary).unwrap(),
    )
}

#[test]
fn the_script_of_the_action_builds_both_sides_and_gives_the_verdict() {
    if !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let commits = repository(&tree, &[0, 600]);
    // A build that makes the server from its source.
    let command = ("GATE_COMMAND", "python3 {tree}/built.py {port}");
    let build = ("GATE_BUILD", "cp server.py built.py");
    let variables = [command, build, ("GATE_BASE", commits[0].as_str())];
    let (code, text, outputs, summary) = gate_with_code(3, &tree, &variables);
    assert_eq!(code, Some(3), "{text}");
    assert_eq!(outputs, "verdict=regressed\nexit-code=3\n");
    assert!(summary.contains("REGRESSED"), "{summary}");
    let out = tree.join("rpcbench-check");
    for file in ["check.html", "check.md", "junit.xml", "check.json"] {
        assert!(out.join(file).exists(), "{file}");
    }
    let worktrees = done(&tree, &["worktree", "list"]);
    assert_eq!(worktrees.lines().count(), 1, "{worktrees}");

    // The same commit on both sides, and a base that is built already.
    let copied = folder.path().join("base");
    fs::create_dir(&copied).unwrap();
    fs::copy(tree.join("server.py"), copied.join("built.py")).unwrap();
    let base = ("GATE_BASE_TREE", copied.to_str().unwrap());
    let (code, text, outputs, _) = gate_with_code(0, &tree, &[command, base, build]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(outputs, "verdict=pass\nexit-code=0\n");

    // A line of a build that fails ends it, though the next one works.
    let broken = ("GATE_BUILD", "false\ntrue");
    let (code, text, outputs, _) = gate(&tree, &[command, base, broken]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(outputs, "verdict=error\nexit-code=1\n");
    let broken = ("GATE_BUILD", "echo cannot; exit 7");
    let (code, text, outputs, summary) = gate(&tree, &[command, base, broken]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(outputs, "verdict=error\nexit-code=1\n");
    assert!(summary.contains("The head does not build"), "{summary}");
    for (variables, expected) in [
        (vec![], "Nothing to measure"),
        (vec![command, ("GATE_PROGRAM", "x")], "not both"),
        (vec![command, ("GATE_BASE", "nowhere")], "no commit"),
        (vec![command, ("GATE_BASE", "HEAD")], "nothing to measure"),
        (vec![command, ("GATE_ARGS", "--margin '5")], "cannot read"),
    ] {
        let (code, text, outputs, _) = gate(&tree, &variables);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(expected), "{text}");
        assert_eq!(outputs, "verdict=error\nexit-code=2\n");
    }
}

/// A program that uses the library, in both trees.
#[test]
fn the_script_compares_programs_and_trusts_no_exit_code_alone() {
    if !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let commits = repository(&tree, &[0, 0]);
    let base = ("GATE_BASE", commits[0].as_str());
    let program = ("GATE_PROGRAM", "program");
    let build =
        format!("printf '#!/bin/sh\\nexec {RPCBENCH} \"$@\"\\n' >program; chmod +x program");
    let variables = [base, program, ("GATE_BUILD", build.as_str())];
    let (code, text, outputs, _) = gate_with_code(0, &tree, &variables);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(outputs, "verdict=pass\nexit-code=0\n");

    // It ends without a measurement; the verdict of the run before is still there.
    let nothing = (
        "GATE_BUILD",
        "printf '#!/bin/sh\n' >program; chmod +x program",
    );
    let (code, text, outputs, summary) = gate(&tree, &[base, program, nothing]);
    assert_eq!(code, Some(1), "{text}");
    assert!(summary.contains("gave no verdict"), "{summary}");
    assert_eq!(outputs, "verdict=error\nexit-code=1\n");
}

/// `{tree}` is only an argument here: the command itself is one of the folder.
#[test]
fn the_script_runs_each_server_in_its_own_folder() {
    if !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("a&b");
    let commits = repository(&tree, &[0, 600]);
    let command = ("GATE_COMMAND", "python3 server.py {port} {tree}");
    let variables = [command, ("GATE_BASE", commits[0].as_str())];
    let (code, text, outputs, _) = gate_with_code(3, &tree, &variables);
    assert_eq!(code, Some(3), "{text}");
    assert_eq!(outputs, "verdict=regressed\nexit-code=3\n");
}

/// The branch went on since the pull request was opened: its newer change is on both sides.
#[test]
fn the_base_of_a_pull_request_is_the_first_parent_of_its_merge() {
    if !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin");
    let commits = repository(&origin, &[0, 600]);
    done(
        &origin,
        &["checkout", "--quiet", "-b", "topic", &commits[0]],
    );
    done(
        &origin,
        &["commit", "--quiet", "--allow-empty", "-m", "topic"],
    );
    let topic = done(&origin, &["rev-parse", "HEAD"]);
    done(&origin, &["checkout", "--quiet", "--detach", &commits[1]]);
    done(&origin, &["merge", "--quiet", "--no-edit", "topic"]);
    let merge = done(&origin, &["rev-parse", "HEAD"]);
    done(&origin, &["update-ref", "refs/pull/1/merge", &merge]);
    done(
        &origin,
        &["config", "uploadpack.allowAnySHA1InWant", "true"],
    );
    // As a workflow checks it out: one commit.
    let tree = folder.path().join("tree");
    done(folder.path(), &["init", "--quiet", "tree"]);
    let url = format!("file://{}", origin.display());
    done(&tree, &["remote", "add", "origin", &url]);
    done(
        &tree,
        &["fetch", "--quiet", "--depth", "1", "origin", &merge],
    );
    done(&tree, &["checkout", "--quiet", "--detach", &merge]);
    let out = folder.path().join("base-commit");
    // The build says which commit it builds, and ends the script at the first one.
    let build = format!("git rev-parse HEAD >>{}; exit 1", out.display());
    let base_of = |variables: &[(&str, &str)]| {
        let _ = fs::remove_file(&out);
        let command = ("GATE_COMMAND", "python3 {tree}/server.py {port}");
        let common = [command, ("GATE_BUILD", build.as_str())];
        let (code, text, ..) = gate(&tree, &[&common[..], variables].concat());
        assert_eq!(code, Some(1), "{text}");
        fs::read_to_string(&out).unwrap().trim().to_owned()
    };
    let base = ("PULL_REQUEST_BASE", commits[0].as_str());
    let at_merge = [base, ("PULL_REQUEST_HEAD", topic.as_str())];
    assert_eq!(base_of(&at_merge), commits[1]);
    // Another commit is checked out than a merge of the head, or the workflow names the base.
    let other = [base, ("PULL_REQUEST_HEAD", commits[1].as_str())];
    assert_eq!(base_of(&other), commits[0]);
    let named = [&at_merge[..], &[("GATE_BASE", commits[0].as_str())]].concat();
    assert_eq!(base_of(&named), commits[0]);
}

#[test]
fn action_yml_runs_the_script_with_variables_that_it_reads() {
    let action = fs::read_to_string(Path::new(ROOT).join("action.yml")).unwrap();
    let script = fs::read_to_string(Path::new(ROOT).join("ci/gate.sh")).unwrap();
    let given: Vec<&str> = action
        .lines()
        .filter_map(|line| {
            line.trim()
                .split_once(": ${{ inputs.")
                .map(|(name, _)| name)
        })
        .filter(|name| name.starts_with("GATE_"))
        .collect();
    assert_eq!(given.len(), 8, "{given:?}");
    for name in given {
        assert!(script.contains(&format!("${{{name}:-")), "{name}");
        assert!(
            script.contains(&format!("#   {name} ")),
            "{name} is not described"
        );
    }
    // The base of a pull request is found by the script.
    let base = "default: ${{ github.event.merge_group.base_sha \
                || (!github.event.pull_request && github.event.before) || '' }}";
    assert!(action.contains(base));
    for (name, commit) in [("BASE", "base"), ("HEAD", "head")] {
        let name = format!("PULL_REQUEST_{name}");
        let given = format!("{name}: ${{{{ github.event.pull_request.{commit}.sha }}}}");
        assert!(action.contains(&given), "{given}");
        assert!(script.contains(&format!("${{{name}:-")), "{name}");
    }
    // What a workflow passes is never part of a command.
    let commands = action
        .lines()
        .filter(|line| line.trim().starts_with("run:"));
    assert!(commands.clone().count() > 0 && commands.clone().all(|line| !line.contains("${{")));
    let parse = "import sys, yaml; yaml.safe_load(open(sys.argv[1]))['runs']['steps'][0]['run']";
    let python = Command::new("python3")
        .args(["-c", parse, "action.yml"])
        .current_dir(ROOT)
        .output();
    match python {
        Ok(output) if output.status.success() => {}
        Ok(output) if text_of(&output).contains("No module named 'yaml'") => {
            skipped("python3-yaml", "python3-yaml");
        }
        Ok(output) => panic!("{}", text_of(&output)),
        Err(_) => skipped("python3", "python3-yaml"),
    }
}
