//! A check in the forms that CI systems and people read: one file a form.

use super::form::Form;
use crate::record::{CheckInfo, Record};

/// The record itself, the check in it.
pub(crate) struct Json;

impl Form for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file(&self) -> &'static str {
        "check.json"
    }

    fn render(&self, record: &Record, _check: &CheckInfo) -> String {
        // Keys are strings and numbers finite, which is all that can fail.
        serde_json::to_string_pretty(record).unwrap_or_default() + "\n"
    }
}
