//! The section that embeds the data of the page.

use maud::{Markup, PreEscaped, html};

use super::scenario_group::{Source, plain};
use crate::record::{Record, Trial};
use crate::report::ALL;
use crate::report::format::Format;

/// Two downloads per record, from the data embedded in the page.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    html! {
        section #data {
            h2 { "Data" }
            p {
                "All trials of this page. The records here have no histograms, which are many times larger; "
                code { "rpcbench report RECORD --hdr" } " writes those as files."
            }
            @for (at, source) in sources.iter().enumerate() {
                p {
                    button type="button" data-save=(format!("csv-{at}")) data-file=(format!("{}.csv", plain(&source.label))) {
                        "Trials of " (source.label) " as CSV"
                    }
                    " "
                    button type="button" data-save=(format!("json-{at}")) data-file=(format!("{}.json", plain(&source.label))) {
                        "Record of " (source.label) " as JSON"
                    }
                }
                script type="text/csv" id=(format!("csv-{at}")) { (safe_in_script(&csv(source.record))) }
                script type="application/json" id=(format!("json-{at}")) { (safe_in_script(&without_histograms(source.record))) }
            }
        }
    }
}

fn csv(record: &Record) -> String {
    let csv = ALL.iter().find(|format| format.name() == "csv");
    csv.map(|format| Format::render(*format, record))
        .unwrap_or_default()
}

fn without_histograms(record: &Record) -> String {
    let mut record = record.clone();
    for trial in record.cells.iter_mut().flat_map(|cell| &mut cell.trials) {
        clear_histograms(trial);
    }
    // Only keys that are not strings, or numbers that are not finite, could fail; there are none.
    serde_json::to_string(&record).unwrap_or_default()
}

fn clear_histograms(trial: &mut Trial) {
    trial.histograms = Default::default();
    // What one generator of several measured, with its histograms.
    trial.share = None;
    let series = trial
        .series
        .iter_mut()
        .map(|interval| &mut interval.histogram);
    let ranks = trial.ranks.iter_mut().map(|rank| &mut rank.histogram);
    let delays = trial.delays.iter_mut().flat_map(|delays| {
        [
            &mut delays.scheduling,
            &mut delays.connection_wait,
            &mut delays.wire_to_wire,
            &mut delays.read,
        ]
    });
    let parts = delays.map(|part| &mut part.histogram);
    series.chain(ranks).chain(parts).for_each(String::clear);
}

/// Text that neither closes a script element early nor starts a comment in it (HTML Living
/// Standard, 4.12.1.3). In JSON `\u003c` means `<`; CSV has no such escape, so `<` becomes `‹`.
fn safe_in_script(text: &str) -> PreEscaped<String> {
    let json = text.starts_with('{');
    PreEscaped(text.replace('<', if json { "\\u003c" } else { "‹" }))
}
