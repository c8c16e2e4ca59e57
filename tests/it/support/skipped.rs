//! What a test says that checks nothing, because this machine lacks a program.

use std::io::Write;

/// Whether this machine can run the model; if not, says that a test is skipped.
pub(crate) fn can_run(model: &str) -> bool {
    let mut models = rpcbench::models::ALL.iter();
    let model = models.find(|known| known.name() == model);
    let Some(reason) = model.and_then(|model| model.unavailable()) else {
        return true;
    };
    let thread = std::thread::current();
    let text = format!(
        "\nSKIPPED {}: {reason}\n",
        thread.name().unwrap_or("a test")
    );
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    false
}

/// Says that the rest of this test is skipped, and why. With `CI` set this is a failure.
///
/// libtest shows what a test prints only if it fails, but captures no more than the macros print:
/// this is written to the descriptor itself.
pub(crate) fn skipped(missing: &str, package: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let text = format!("SKIPPED {test}: {missing} is not installed (apt-get install {package})");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // One write, so that lines of other threads do not come between.
    let written = std::io::stderr().write_all(format!("\n{text}\n").as_bytes());
    written.unwrap();
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
