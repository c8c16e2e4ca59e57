//! Parts that several sections of the page share.

use maud::{Markup, PreEscaped, html};

use super::figures::sections::Section;
use crate::report::chart::data::{Chart, Look};
use crate::report::html::figures::figure::Figure;

pub(crate) fn swatch(look: Look) -> Markup {
    PreEscaped(look.swatch())
}

pub(crate) fn figures_of(section: &Section, figures: &[Figure]) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            p { (section.about) }
            div.figures {
                @for figure in figures { (figure_of(figure)) }
            }
        }
    }
}

/// A chart with its warnings and its data.
pub(crate) fn figure_of(figure: &Figure) -> Markup {
    let Figure {
        chart, warnings, ..
    } = figure;
    html! {
        figure id=(format!("figure-{}", chart.id)) {
            figcaption { b { (chart.title) } @if let Some(note) = &figure.note { " " (note) } }
            div.plot { (PreEscaped(chart.svg())) }
            (warned("", warnings))
            (table_of(chart))
        }
    }
}

/// Warnings about the figures above, after `prefix`.
pub(crate) fn warned(prefix: &str, warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            // A long open list would push the next chart out of view.
            details.warnings open[warnings.len() <= 2] {
                summary { (prefix) (crate::findings::units::some(warnings.len() as u64, "warning")) }
                ul { @for warning in warnings { li { (warning) } } }
            }
        }
    }
}

fn table_of(chart: &Chart) -> Markup {
    let table = chart.table();
    html! {
        details.table {
            summary { "Table" }
            div.scroll {
                table {
                    thead { tr { @for name in &table.head { th scope="col" { (name) } } } }
                    tbody {
                        @for row in &table.rows {
                            tr {
                                @for (at, value) in row.iter().enumerate() {
                                    @if at == 0 { th scope="row" { (value) } } @else { td { (value) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
