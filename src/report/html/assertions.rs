//! The section of the conditions of `--assert`.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::assertion_sentences::{rows, sentence, word};
use crate::record::AssertVerdict;

/// The conditions of each record, and whether they hold; empty if there are none.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    let conditions: Vec<_> = sources
        .iter()
        .filter_map(|source| Some((source, sentence(source.record)?)))
        .collect();
    html! {
        @if !conditions.is_empty() {
            section #assertions {
                h2 { "Assertions" }
                @for (source, sentence) in conditions {
                    p { @if sources.len() > 1 { (source.label) ": " } b { (sentence) } }
                    (table(source))
                }
            }
        }
    }
}

fn table(source: &Source<'_>) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                @for head in ["verdict", "condition", "", "figure", ""] { th scope="col" { (head) } }
            } }
            tbody { @for row in rows(source.record) { tr {
                th scope="row" {
                    @if row.verdict == AssertVerdict::Holds { (word(row.verdict)) } @else { b { (word(row.verdict)) } }
                }
                td { (row.condition) }
                td.words { (row.subject) }
                td.words { (row.figure) }
                td.words { (row.note) }
            } } }
        } }
    }
}
