//! Records as one HTML page that asks nothing of any network: the answer in words, the
//! tables, the charts, what speaks against them, and the data.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures::sections;
use super::markup::{figures_of, swatch};
use super::scenario_group::{Source, Study};
use super::{answer, data, gate, provenance, ranking_table};
use crate::record::Record;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page and its pictures.
#[derive(Debug)]
pub struct Page {
    /// The page, whole: style, script, pictures and data are in it.
    pub html: String,
    /// The pictures again, each a file of its own: name and SVG.
    pub pictures: Vec<(String, String)>,
}

/// The page of these records, laid over each other where they are several.
pub fn page(sources: &[Source<'_>]) -> Page {
    let study = Study::of(sources);
    let sections = sections::sections(&study);
    let gate = gate::figures(&study);
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
                // So that a browser does not ask for one.
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
                    (gate::section(&study, &gate))
                    (answer::section(&study))
                    (ranking_table::section(&study))
                    (legend(&study))
                    @for (section, figures) in &sections {
                        @if !figures.is_empty() { (figures_of(section, figures)) }
                    }
                    (provenance::section(sources))
                    (data::section(sources))
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
        several => format!("rpcbench: {} records laid over each other", several.len()),
    }
}

/// What a reader must know before any figure.
fn notices(sources: &[Source<'_>]) -> Markup {
    let trials = |record: &Record| record.cells.iter().any(|cell| !cell.trials.is_empty());
    let named = |source: &Source<'_>| match sources {
        [_] => String::new(),
        _ => format!("{}: ", source.label),
    };
    html! {
        @for source in sources {
            @if !trials(source.record) {
                p.notice { (named(source)) "No trial was completed: there is nothing to show." }
            }
            @if source.record.interrupted {
                p.notice { (named(source)) "Ended early: this is what was complete." }
            }
            @for left_out in &source.record.left_out {
                p.notice { (named(source)) "Left out: " (left_out) "." }
            }
            @if source.record.tool.profile != "release" {
                p.notice { (named(source)) "A debug build: its figures say little." }
            }
        }
        @if sources.len() > 1 {
            p.notice {
                "These records were measured one after the other. A machine changes by more than most \
                 programs do between two runs, so no order between records is claimed here; "
                code { "rpcbench check" } " compares two builds in interleaved pairs."
            }
        }
    }
}

/// A button a series, which switches it in all charts.
fn legend(study: &Study<'_>) -> Markup {
    html! {
        @if study.series().len() > 1 {
            nav.legend aria-label="Series in the charts" {
                @for (name, look) in study.series() {
                    button type="button" aria-pressed="true" data-switch=(name) {
                        (swatch(*look)) (name)
                    }
                }
            }
        }
    }
}
