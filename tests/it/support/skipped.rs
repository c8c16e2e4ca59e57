//! What a test says that checks nothing, because this machine lacks a program, or that repeats.

use std::io::Write;

/// Whether this machine can run the model; if not, says that a test is skipped.
pub(crate) fn can_run(model: &str) -> bool {
    let mut models = rpcbench::models::ALL.iter();
    let model = models.find(|known| known.name() == model);
    let Some(reason) = model.and_then(|model| model.unavailable()) else {
        return true;
    };
    say_skipped(&reason);
    false
}

/// Says that the rest of this test is skipped, and why.
pub(crate) fn say_skipped(reason: &str) {
    say("SKIPPED", reason);
}

/// Says something of this test, whether it fails or not.
///
/// libtest shows what a test prints only if it fails, but captures no more than the macros print:
/// this is written to the descriptor itself, by one write, so that lines of other threads do not
/// come between.
pub(super) fn say(what: &str, reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let text = format!("\n{what} {test}: {reason}\n");
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Says that a program is missing, so that the rest of this test is skipped. With `CI` set this is
/// a failure.
pub(crate) fn skipped(missing: &str, package: &str) {
    let reason = format!("{missing} is not installed (apt-get install {package})");
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    say_skipped(&reason);
}

/// Whether this machine has Python; says so if not.
pub(crate) fn has_python() -> bool {
    let has = std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !has {
        skipped("python3", "python3");
    }
    has
}
