//! The record as JSON.

use super::format::Format;
use crate::record::Record;

pub(crate) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, record: &Record) -> String {
        // This cannot fail: all keys are strings and all numbers are finite.
        serde_json::to_string_pretty(record)
            .map(|text| text + "\n")
            .unwrap_or_default()
    }
}
