//! The data of the page, in the page.

use maud::{Markup, PreEscaped, html};

use super::scenario_group::{Source, plain};
use crate::record::Record;
use crate::report::ALL;
use crate::report::format::Format;

/// Two files a record, made from what stands in the page.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    html! {
        section #data {
            h2 { "Data" }
            p {
                "All trials of this page. The record has no histograms here, which are many times its size; \
                 the files beside this page have them."
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
                script type="text/csv" id=(format!("csv-{at}")) { (inert(&csv(source.record))) }
                script type="application/json" id=(format!("json-{at}")) { (inert(&slim(source.record))) }
            }
        }
    }
}

fn csv(record: &Record) -> String {
    let csv = ALL.iter().find(|format| format.name() == "csv");
    csv.map(|format| Format::render(*format, record))
        .unwrap_or_default()
}

/// The record without its histograms.
fn slim(record: &Record) -> String {
    let mut record = record.clone();
    for trial in record.cells.iter_mut().flat_map(|cell| &mut cell.trials) {
        trial.histograms = Default::default();
        for interval in &mut trial.series {
            interval.histogram.clear();
        }
    }
    // Keys are strings and numbers finite, which is all that can fail.
    serde_json::to_string(&record).unwrap_or_default()
}

/// Text that no script element ends at, or hides behind a comment, before its own end (HTML
/// Living Standard, 4.12.1.3). In JSON `\u003c` says the same; in CSV a name with `<` has to do with `‹`.
fn inert(text: &str) -> PreEscaped<String> {
    let json = text.starts_with('{');
    PreEscaped(text.replace('<', if json { "\\u003c" } else { "‹" }))
}
