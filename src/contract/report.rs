//! The results of the cases, and their text.

use std::fmt;

use super::case::Case;
use super::stalls::STALL;
use super::violation::Violation;

/// The results of all cases that were asked for.
#[derive(Debug)]
pub struct Report {
    /// The model or the command.
    pub subject: String,
    /// The cases, in the order of the table.
    pub cases: Vec<CaseReport>,
}

/// The result of one case.
#[derive(Debug)]
pub struct CaseReport {
    /// The case.
    pub case: &'static Case,
    /// Its result.
    pub result: CaseResult,
    /// What was violated in earlier attempts, in which the machine may have been the reason.
    pub disturbed: Vec<Violation>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseResult {
    /// It holds.
    Holds,
    /// It does not hold.
    Violated(Violation),
    /// It does not apply, for this reason.
    LeftOut(String),
}

impl Report {
    /// Whether no case is violated.
    pub fn passed(&self) -> bool {
        self.violated().next().is_none()
    }

    /// The names of the violated cases, with what was expected and seen.
    pub fn violated(&self) -> impl Iterator<Item = (&'static str, &Violation)> {
        self.cases.iter().filter_map(|report| match &report.result {
            CaseResult::Violated(violation) => Some((report.case.name(), violation)),
            _ => None,
        })
    }

    /// The names of the cases that do not apply, with the reasons.
    pub fn left_out(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.cases.iter().filter_map(|report| match &report.result {
            CaseResult::LeftOut(reason) => Some((report.case.name(), reason.as_str())),
            _ => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (violated, left_out) = (self.violated().count(), self.left_out().count());
        let holds = self.cases.len() - violated - left_out;
        writeln!(
            f,
            "contract of {}: {holds} cases hold, {violated} violated, {left_out} left out",
            self.subject
        )?;
        for report in &self.cases {
            if let CaseResult::Violated(violation) = &report.result {
                let (name, about) = (report.case.name(), report.case.about());
                writeln!(f, "  violated: {name}: {about}\n{violation}")?;
            }
        }
        for report in &self.cases {
            for violation in &report.disturbed {
                let name = report.case.name();
                writeln!(
                    f,
                    "  run again: {name}: a thread waited {STALL:?} or longer for a core\n{violation}"
                )?;
            }
        }
        for (name, reason) in self.left_out() {
            writeln!(f, "  left out: {name}: {reason}")?;
        }
        Ok(())
    }
}
