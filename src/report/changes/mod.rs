//! The changes between records as Markdown and for a terminal; `html/changes.rs` has those of the
//! page. The words are those of `findings/`.

pub mod markdown;
pub mod text;

use super::html::scenario_group::Source;
use crate::findings::{Changes, Side};

/// The changes from the first record to each other one, in order; empty for one record.
pub fn changes<'a>(sources: &'a [Source<'a>]) -> Vec<Changes<'a>> {
    let side = |source: &'a Source<'a>| Side {
        label: &source.label,
        record: source.record,
    };
    let Some((first, others)) = sources.split_first() else {
        return Vec::new();
    };
    let between = |other| Changes::between(side(first), side(other));
    others.iter().map(between).collect()
}
