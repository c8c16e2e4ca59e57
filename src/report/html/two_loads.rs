//! The first table of the page: servers at capacity and at one rate.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::Summary;
use crate::findings::load_line::about;
use crate::findings::memory_sentences;
use crate::findings::sentences::orders;
use crate::findings::two_loads::{Comparison, TwoLoads, comparisons};
use crate::record::Record;

pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    let of_source = |source: &Source<'_>| -> Vec<Markup> {
        let cells = source.record.cells.iter();
        let summaries: Vec<Summary<'_>> = cells.filter_map(Summary::of).collect();
        let prefix = match sources {
            [_] => String::new(),
            _ => format!("{}: ", source.label),
        };
        let compared = comparisons(&summaries);
        let tables = compared.iter().filter_map(|comparison| match comparison {
            Comparison::Two(loads) if loads.capacity.len() > 1 => {
                Some(table(source.record, &prefix, loads))
            }
            Comparison::One(_) | Comparison::Two(_) => None,
        });
        tables.collect()
    };
    let tables: Vec<Markup> = sources.iter().flat_map(of_source).collect();
    html! {
        @if !tables.is_empty() {
            section #compared {
                h2 { "Capacity and one rate" }
                p.soft {
                    "Throughput is compared at capacity: a closed loop, ≥ where the load generator was the limit. "
                    "CPU per request and response time are compared at one rate, the same for all. "
                    "Rows are in the order of CPU per request; the lines below a table say which differences the rounds show."
                }
                @for table in &tables { (table) }
            }
        }
    }
}

fn table(record: &Record, prefix: &str, loads: &TwoLoads<'_, '_>) -> Markup {
    let scenario = loads.capacity[0].cell.scenario.as_deref();
    let table = loads.table();
    html! {
        @if let Some(name) = scenario { h3 { (prefix) (about(record, name)) } }
        p { @if scenario.is_none() { (prefix) } (loads.load_line()) "." }
        div.scroll { table {
            thead { tr {
                @for (load, figure) in &table.head {
                    th scope="col" { (figure) @if !load.is_empty() { small { (load) } } }
                }
            } }
            tbody { @for row in &table.rows { tr {
                @for (at, value) in row.values.iter().enumerate() {
                    @if at == 0 { th scope="row" { (value) } } @else { td { (value) } }
                }
            } } }
        } }
        p.soft { (memory_sentences::notes(loads.at_rate).join(" ")) }
        ul { @for line in orders(&[loads.at_rate, loads.capacity]) { li { (line) } } }
    }
}
