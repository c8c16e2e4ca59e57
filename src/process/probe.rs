//! Whether a program is a build of this one.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to print its version.
const LONGEST: Duration = Duration::from_secs(2);
/// How often its end is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How much of its output is read.
const MOST_BYTES: u64 = 200;

/// Whether a program says that it is a build of rpcbench when it is asked for its version.
pub fn is_build(program: &OsStr) -> bool {
    let child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        return false;
    };
    let deadline = Instant::now() + LONGEST;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(POLL_INTERVAL);
    }
    // It may have ended; then there is nothing to kill.
    let _ = child.kill();
    let _ = child.wait();
    let mut text = String::new();
    let stdout = child.stdout.take();
    stdout.is_some_and(|stdout| stdout.take(MOST_BYTES).read_to_string(&mut text).is_ok())
        && text.starts_with(concat!(env!("CARGO_PKG_NAME"), " "))
}
