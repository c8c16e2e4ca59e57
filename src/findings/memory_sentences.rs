//! What the memory of servers does not include, and where it is not known.

use super::summary::Summary;
use super::units::and;

/// What PSS leaves out.
pub(crate) const NOT_INCLUDED: &str =
    "Memory (PSS) is without kernel stacks, page tables and socket buffers.";
/// Why a memory is not known.
pub(crate) const NOT_READ: &str =
    "its processes end before it can be read, or may not be read by this user";

/// What to know about the memory of these servers, if it was read of any.
pub(crate) fn notes(summaries: &[Summary<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    if summaries.iter().any(|summary| summary.pss_bytes.is_some()) {
        notes.push(NOT_INCLUDED.to_owned());
    }
    let unknown = summaries.iter().filter(|summary| summary.lacks_memory());
    let names: Vec<&str> = unknown.map(Summary::name).collect();
    if !names.is_empty() {
        notes.push(format!(
            "Memory of {} is not known: {NOT_READ}.",
            and(&names)
        ));
    }
    notes
}
