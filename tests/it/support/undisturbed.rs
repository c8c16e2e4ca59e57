//! Measurements that a machine which stands still for a moment spoils.

use super::skipped::say;

/// Measures again, at most three times in all, while the result is one that a stall of the machine
/// can cause; returns the last one. A stall can be as long as the window of a test, and then the
/// program rightly says that requests were not answered, or that a figure is marked.
pub(crate) fn undisturbed<T>(measure: impl Fn() -> T, is_disturbed: impl Fn(&T) -> bool) -> T {
    let mut result = measure();
    for attempt in 2..=3 {
        if !is_disturbed(&result) {
            break;
        }
        let reason = format!("the machine may have stood still, attempt {attempt} of 3");
        say("REPEATED", &reason);
        result = measure();
    }
    result
}

/// Whether this exit code is not the expected one, and one that a stall can cause: inconclusive or
/// undecided (4), invalid (5). It never makes a verdict of its own, such as a pass.
pub(crate) fn is_stalled(code: Option<i32>, expected: i32) -> bool {
    code != Some(expected) && matches!(code, Some(4 | 5))
}
