//! The generators of loads that several made.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::rank_table::rank_table;
use crate::findings::{Summary, load_line};

pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    let of_source = |source: &Source<'_>| -> Vec<Markup> {
        let summaries = source.record.cells.iter().filter_map(Summary::of);
        let tables = summaries.filter_map(|summary| table(&summary));
        tables.collect()
    };
    let tables: Vec<Markup> = sources.iter().flat_map(of_source).collect();
    html! {
        @if !tables.is_empty() {
            section #ranks {
                h2 { "Load generators" }
                p.soft {
                    "Several generators (ranks) made each of these loads together. Their histograms are added, never "
                    "their quantiles. A rank is marked if it was saturated, or if its requests took longer than those of the others."
                }
                @for table in &tables { (table) }
            }
        }
    }
}

fn table(summary: &Summary<'_>) -> Option<Markup> {
    let table = rank_table(summary)?;
    Some(html! {
        p { (summary.name()) ", " (load_line(summary.cell)) ". " (table.note) }
        div.scroll { table {
            thead { tr { @for name in &table.head { th scope="col" { (name) } } } }
            tbody { @for row in &table.rows { tr {
                @for (at, value) in row.iter().enumerate() {
                    @if at == 0 { th scope="row" { (value) } } @else { td { (value) } }
                }
            } } }
        } }
    })
}
