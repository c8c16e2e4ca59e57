//! The section of searches for the highest rate within a target.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::search_sentences::{ABOUT_TRIES, COLUMNS, answer, groups, heading, rows};
use crate::findings::units::count;
use crate::record::SearchInfo;

/// The answer of each search, and its tries; empty if there are none.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    let has_any = sources
        .iter()
        .any(|source| !source.record.searches.is_empty());
    html! {
        @if has_any {
            section #searches {
                h2 { "The highest rate within a target" }
                @for source in sources { @for group in groups(source.record) {
                    p {
                        @if sources.len() > 1 { (source.label) ": " }
                        (heading(source.record, &group[0])) "."
                    }
                    ul { @for search in group { li { (answer(search)) } } }
                    p.soft { (ABOUT_TRIES) }
                    @for search in group { (tries(search)) }
                } }
            }
        }
    }
}

fn tries(search: &SearchInfo) -> Markup {
    let pilot = count(search.pilot_rps.round() as u64);
    html! {
        @if !search.steps.is_empty() {
            details open {
                summary { (search.contestant) ": tries (closed loop: " (pilot) "/s)" }
                div.scroll { table {
                    thead { tr { @for column in COLUMNS { th scope="col" { (column) } } } }
                    tbody { @for [rate, rule, held, edge, result] in rows(search) { tr {
                        th scope="row" { (rate) }
                        td.words { (rule) }
                        td.words { (held) }
                        td { (edge) }
                        td.words { (result) }
                    } } }
                } }
            }
        }
    }
}
