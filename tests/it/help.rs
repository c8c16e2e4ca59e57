//! Help, completions and the manual page.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{rpcbench, run, skipped};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["report"],
    &["check"],
    &["calibrate"],
    &["selftest"],
    &["torture"],
    &["serve"],
    &["models"],
    &["scenarios"],
    &["doctor"],
    &["completions"],
    &["man"],
];

/// What a command prints on a terminal of this width.
fn help(command: &[&str], option: &str, columns: &str) -> String {
    let mut rpcbench = rpcbench();
    let output = rpcbench
        .args(command)
        .arg(option)
        .env("COLUMNS", columns)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{command:?} {option}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_short_help_of_each_command_fits_one_screen() {
    let mut all = String::new();
    for command in COMMANDS {
        let text = help(command, "-h", "80");
        let lines = text.lines().count();
        assert!(lines <= 24, "{command:?} has {lines} lines:\n{text}");
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{command:?}:\n{text}");
        writeln!(all, "$ rpcbench {} -h\n{text}", command.join(" ")).unwrap();
    }
    insta::assert_snapshot!("short_help", all);
}

#[test]
fn each_command_states_its_own_defaults() {
    for (command, option, default) in [
        ("check", "--duration", "[default: 800ms]"),
        ("calibrate", "--duration", "[default: 800ms]"),
        ("calibrate", "--warmup", "[default: 200ms;"),
        ("torture", "--duration", "[default: 3s]"),
        ("torture", "--idle-timeout", "[default: 2s]"),
        ("serve", "--idle-timeout", "[default: 60s]"),
    ] {
        let text = help(&[command], "--help", "100");
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let (_, described) = text.split_once(&format!("{option} <")).unwrap();
        let described = described.split(" --").next().unwrap();
        assert!(
            described.contains(default),
            "{command} {option}: {described}"
        );
    }
}

/// Whether a shell accepts a script.
fn loads(shell: &str, arguments: &[&str], script: &str) -> Option<bool> {
    let mut child = Command::new(shell)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    child.wait().ok().map(|status| status.success())
}

#[test]
fn completions_load_in_each_shell() {
    for (shell, arguments, after) in [
        ("bash", &["-s"][..], "complete -p rpcbench"),
        ("zsh", &["-s"], "[[ -n ${functions[_rpcbench]} ]]"),
        (
            "fish",
            &[],
            "complete -C 'rpcbench chec' | string match -q 'check*'",
        ),
    ] {
        let script = run(&["completions", shell]).stdout;
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("preforking-async"), "{shell}");
        let before = match shell {
            "zsh" => "autoload -U compinit; compinit -D -u\n",
            _ => "",
        };
        match loads(shell, arguments, &format!("{before}{script}\n{after}\n")) {
            None => skipped(shell, shell),
            Some(loaded) => assert!(loaded, "{shell}"),
        }
    }
}

#[test]
fn the_manual_page_renders() {
    for (arguments, title) in [
        (&["man"][..], "rpcbench"),
        (&["man", "check"], "rpcbench-check"),
    ] {
        let page = run(arguments).stdout;
        let text = String::from_utf8(page).unwrap();
        assert!(text.contains(&format!(".TH {title} 1")), "{text}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.1");
        std::fs::write(&path, &text).unwrap();
        let shown = Command::new("man")
            .arg("-l")
            .arg(&path)
            .env("MANWIDTH", "80")
            .output();
        let Ok(shown) = shown else {
            return skipped("man", "man-db");
        };
        assert!(shown.status.success());
        let text = String::from_utf8_lossy(&shown.stdout);
        assert!(
            text.contains("SYNOPSIS") && text.contains("--clients"),
            "{text}"
        );
        assert!(
            shown.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&shown.stderr)
        );
    }
}
