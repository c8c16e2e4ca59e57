//! The section of what changed from the first record to each other one.

use maud::{Markup, html};

use crate::findings::Changes;
use crate::findings::changes_sentences::{RULE, TREND, notes, sides, title};
use crate::findings::changes_table::{LoadRows, short_table, table};

/// Empty for one record.
pub(crate) fn section(changes: &[Changes<'_>]) -> Markup {
    html! {
        @if !changes.is_empty() {
            section #changes {
                @for one in changes { (pair(one)) }
                @if changes.iter().any(|one| !one.loads.is_empty()) { p.soft { (RULE) } }
            }
        }
    }
}

fn pair(changes: &Changes<'_>) -> Markup {
    let short = short_table(changes);
    let [before, command, after] = TREND;
    html! {
        h2 { (title(changes)) }
        p.notice { (before) " " code { (command) } " " (after) " " (sides(changes)) }
        @if changes.loads.is_empty() { p { "The records have no server under the same load." } }
        @if !short.loads.is_empty() { (table_of(changes, &short.loads)) }
        @if let Some(sentence) = short.leaves_out {
            p { (sentence) }
            details {
                summary { "All figures" }
                (table_of(changes, &table(changes)))
            }
        }
        ul { @for note in notes(changes) { li { (note) } } }
    }
}

/// Ratio and range share a column, so that the table is readable on a small screen.
fn table_of(changes: &Changes<'_>, loads: &[LoadRows]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { "Server and figure" }
                th scope="col" { "OLD" small { (changes.old.label) } }
                th scope="col" { "NEW" small { (changes.new.label) } }
                th scope="col" { "NEW/OLD" small { "range" } }
            } }
            @for load in loads {
                tbody {
                    tr.scenario { th colspan="4" scope="rowgroup" { (load.heading) } }
                    @for [server, figure, old, new, ratio, range] in &load.rows {
                        tr {
                            th scope="row" { (server) small { (figure) } }
                            td { (old) }
                            td { (new) }
                            td { (ratio) small { (range) } }
                        }
                    }
                }
            }
        } }
    }
}
