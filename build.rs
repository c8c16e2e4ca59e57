//! Tells the program which commit and compiler it was built from.

use std::process::Command;

fn main() {
    // A build of changed files is another one than that of their commit.
    for changed in ["src", "models", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={changed}");
    }
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-changed=build.rs");
    if let Some(commit) = first_line("git", &["describe", "--always", "--dirty", "--abbrev=10"]) {
        println!("cargo:rustc-env=RPCBENCH_GIT={commit}");
    }
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = first_line(&rustc, &["--version"]).unwrap_or_else(|| "rustc".to_owned());
    println!("cargo:rustc-env=RPCBENCH_RUSTC={version}");
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
