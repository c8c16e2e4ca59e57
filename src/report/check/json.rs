//! The record of a check as JSON.

use super::form::Form;
use crate::record::{CheckInfo, Record};

/// The record, which includes the check.
pub(crate) struct Json;

impl Form for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file(&self) -> &'static str {
        "check.json"
    }

    fn render(&self, record: &Record, _check: &CheckInfo) -> String {
        // This cannot fail: all keys are strings and all numbers are finite.
        serde_json::to_string_pretty(record).unwrap_or_default() + "\n"
    }
}
