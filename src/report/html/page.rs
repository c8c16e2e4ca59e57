//! Builds the page from its sections, its style and its script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures::sections;
use super::markup::{figures_of, swatch};
use super::scenario_group::{PageData, Source};
use super::{
    answer, assertions, changes, data, gate, provenance, ranking_table, ranks, searches, two_loads,
};
use crate::findings::early_end::early_end;
use crate::findings::headline;
use crate::findings::warmup_sentences;
use crate::record::Record;
use crate::report::changes::changes as changes_of;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// An HTML page and its pictures.
#[derive(Debug)]
pub struct Page {
    /// The complete page, with style, script, pictures and data.
    pub html: String,
    /// The same pictures as separate files: file name and SVG.
    pub pictures: Vec<(String, String)>,
}

/// The page of these records; several records are compared.
pub fn page(originals: &[Source<'_>]) -> Page {
    let records: Vec<_> = originals.iter().map(Source::labelled).collect();
    let sources: Vec<Source<'_>> = originals
        .iter()
        .zip(&records)
        .map(|(original, record)| original.with(record))
        .collect();
    let sources = sources.as_slice();
    let page_data = PageData::of(sources);
    let sections = sections::sections(&page_data);
    let gate = gate::figures(&page_data);
    let all = gate
        .iter()
        .chain(sections.iter().flat_map(|(_, figures)| figures));
    let pictures = all
        .map(|figure| (format!("{}.svg", figure.chart.id), figure.chart.svg()))
        .collect();
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title(sources)) }
                // Without it the browser requests a favicon.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title(sources)) }
                    @for source in sources { p.source { (provenance::line(source)) } }
                }
                main {
                    (notices(sources))
                    (gate::section(&page_data, &gate))
                    (assertions::section(sources))
                    (searches::section(sources))
                    (changes::section(&changes_of(sources)))
                    (two_loads::section(sources))
                    (answer::section(&page_data))
                    (ranking_table::section(&page_data))
                    (ranks::section(sources))
                    (legend(&page_data))
                    @for (section, figures) in &sections {
                        @if !figures.is_empty() { (figures_of(section, figures)) }
                    }
                    (provenance::section(sources))
                    // Data for programs has the names of the record.
                    (data::section(originals))
                }
                div #tip role="status" hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Page {
        html: html.into_string(),
        pictures,
    }
}

pub(crate) fn title(sources: &[Source<'_>]) -> String {
    match sources {
        [one] if one.record.check.is_some() => "rpcbench: a check".to_owned(),
        [_] => "rpcbench: a comparison".to_owned(),
        several => format!("rpcbench: {} records compared", several.len()),
    }
}

/// Limits of the records, shown before any figure.
fn notices(sources: &[Source<'_>]) -> Markup {
    let has_trials = |record: &Record| record.cells.iter().any(|cell| !cell.trials.is_empty());
    let prefix = |source: &Source<'_>| match sources {
        [_] => String::new(),
        _ => format!("{}: ", source.label),
    };
    html! {
        @for source in sources {
            @if !has_trials(source.record) {
                p.notice { (prefix(source)) "No trial was completed. There is nothing to show." }
            }
            @if let Some(sentence) = early_end(source.record) {
                p.notice { (prefix(source)) (sentence) }
            }
            @if let Some(first) = headline(source.record) {
                p.notice[!first.is_good] { (prefix(source)) (first.text) }
            }
            @for note in warmup_sentences::sentences(source.record) {
                p.notice { (prefix(source)) (note) }
            }
            (left_out(&prefix(source), &source.record.left_out))
            @if source.record.tool.profile != "release" {
                p.notice { (prefix(source)) "rpcbench was a debug build, so its figures are not reliable. Measure with a release build." }
            }
        }
        @if sources.len() > 1 {
            p.notice {
                "These records were measured one after the other. Between two runs the machine often changes \
                 results more than a new build does, so this page does not rank across records."
            }
        }
    }
}

/// What was not measured. A suite leaves out many parts, which would hide the figures below.
fn left_out(prefix: &str, parts: &[String]) -> Markup {
    html! {
        @match parts {
            [] => {}
            [part] => p.notice { (prefix) "Left out: " (part) "." },
            [first, ..] => details.notice {
                summary { (prefix) (parts.len()) " parts were left out, for example: " (first) "." }
                ul { @for part in parts { li { (part) "." } } }
            },
        }
    }
}

/// One button per series, which shows or hides it in all charts.
fn legend(page: &PageData<'_>) -> Markup {
    html! {
        @if page.series().len() > 1 {
            nav.legend aria-label="Series in the charts" {
                @for (name, look) in page.series() {
                    button type="button" aria-pressed="true" data-switch=(name) {
                        (swatch(*look)) (name)
                    }
                }
            }
        }
    }
}
