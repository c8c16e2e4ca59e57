//! What a case reports when it does not hold.

use std::fmt;

/// What was expected, and what was seen instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the case: a request, a step, a time. May be empty.
    pub at: String,
    /// What should have been seen.
    pub expected: String,
    /// What was seen.
    pub seen: String,
}

/// The result of a step of a case.
pub(super) type Checked<T = ()> = Result<T, Violation>;

impl Violation {
    pub(super) fn new(expected: impl Into<String>, seen: impl Into<String>) -> Violation {
        Violation {
            at: String::new(),
            expected: expected.into(),
            seen: seen.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            writeln!(f, "    at:       {}", self.at)?;
        }
        writeln!(f, "    expected: {}", self.expected)?;
        write!(f, "    seen:     {}", self.seen)
    }
}

/// Says where in a case a violation was seen.
pub(super) trait At {
    fn at(self, place: impl FnOnce() -> String) -> Self;
}

impl<T> At for Checked<T> {
    fn at(self, place: impl FnOnce() -> String) -> Self {
        self.map_err(|violation| {
            let inner = violation.at;
            let at = if inner.is_empty() {
                place()
            } else {
                format!("{}, {inner}", place())
            };
            Violation { at, ..violation }
        })
    }
}

/// A violation unless `holds`.
pub(super) fn expect(
    holds: bool,
    expected: impl Into<String>,
    seen: impl FnOnce() -> String,
) -> Checked {
    if holds {
        return Ok(());
    }
    Err(Violation::new(expected, seen()))
}
