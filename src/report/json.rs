//! The record itself.

use super::format::Format;
use crate::record::Record;

pub(crate) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, record: &Record) -> String {
        // Keys are strings and numbers finite, which is all that can fail.
        serde_json::to_string_pretty(record)
            .map(|text| text + "\n")
            .unwrap_or_default()
    }
}
