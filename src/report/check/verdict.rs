//! The outcome of a check as one word, for scripts.

use super::form::Form;
use crate::record::{CheckInfo, Outcome, Record};

/// `pass`, `improved`, `regressed`, `inconclusive` or `invalid`.
pub(crate) struct Word;

impl Form for Word {
    fn name(&self) -> &'static str {
        "verdict"
    }

    fn file(&self) -> &'static str {
        "verdict"
    }

    fn render(&self, _record: &Record, check: &CheckInfo) -> String {
        let word = match check.outcome {
            Outcome::Pass => "pass",
            Outcome::Improved => "improved",
            Outcome::Regressed => "regressed",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Invalid => "invalid",
        };
        format!("{word}\n")
    }
}
