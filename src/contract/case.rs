//! A case: what it is about, what it needs, and how it is run.

use super::need::Need;
use super::subject::UnderTest;
use super::violation::Checked;

/// One case of the contract.
#[derive(Debug)]
pub struct Case {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) run: fn(&UnderTest<'_>) -> Checked,
}

impl Case {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One line: what a server must do.
    pub fn about(&self) -> &'static str {
        self.about
    }
}
