//! The section of a check: the verdict, a forest plot of its ratios, and one dot per pair.

use maud::{Markup, html};

use super::scenario_group::PageData;
use crate::findings::check_advice::advice;
use crate::findings::check_sentences::{compared, headline, notes, of};
use crate::findings::check_table::{CheckRow, legend, rows};
use crate::findings::check_words::sides;
use crate::record::{CheckInfo, Part, Record};
use crate::report::chart::data::{Axis, Chart, Kind, Look, Mark, Point, Scale, Series, Unit};
use crate::report::html::figures::figure::Figure;

/// The charts of all checks.
pub(crate) fn figures(page: &PageData<'_>) -> Vec<Figure> {
    let checks = page
        .sources
        .iter()
        .filter_map(|source| source.record.check.as_ref());
    let charts = checks.enumerate().flat_map(|(at, check)| {
        [
            chart(
                at,
                check,
                "forest",
                "changes with the intervals that decide",
                estimate,
            ),
            chart(at, check, "pairs", "one dot per pair", pairs),
        ]
    });
    let figure = |chart| Figure {
        chart,
        note: None,
        warnings: Vec::new(),
    };
    charts
        .filter(|chart| !chart.series.is_empty())
        .map(figure)
        .collect()
}

/// The verdict and its figures; empty if no record is a check.
pub(crate) fn section(page: &PageData<'_>, figures: &[Figure]) -> Markup {
    let checks = || {
        let records = page.sources.iter().map(|source| source.record);
        records.filter_map(|record| Some((record, record.check.as_ref()?)))
    };
    html! {
        @if checks().next().is_some() {
            section #check {
                @for (record, check) in checks() { (verdict(record, check)) }
                div.figures { @for figure in figures { (super::markup::figure_of(figure)) } }
            }
        }
    }
}

/// What was found, failures first, then the table and what to do.
fn verdict(record: &Record, check: &CheckInfo) -> Markup {
    let (headline, is_bad) = headline(record, check);
    html! {
        h2.notice[is_bad] { (headline) }
        p { (compared(check)) "." }
        (list(check, notes))
        (findings(check))
        (list(check, advice))
    }
}

/// Sentences about the parts.
fn list(check: &CheckInfo, of_part: fn(&CheckInfo, &Part) -> Vec<String>) -> Markup {
    let lines = |part| of_part(check, part);
    html! {
        @if check.parts.iter().any(|part| !lines(part).is_empty()) {
            ul { @for part in &check.parts { @for line in lines(part) { li {
                @if check.parts.len() > 1 { (of(part)) ": " } (line)
            } } } }
        }
    }
}

fn findings(check: &CheckInfo) -> Markup {
    html! {
        @if check.parts.iter().any(|part| !part.findings.is_empty()) {
            div.scroll { table {
                thead { tr {
                    @for head in ["", "verdict", "change", "before", "after", "interval", ""] { th scope="col" { (head) } }
                } }
                tbody { @for part in &check.parts { @for row in rows(check, part) { (metric(check, part, &row)) } } }
            } }
            p.source { (legend(check)) }
        }
    }
}

fn metric(check: &CheckInfo, part: &Part, row: &CheckRow<'_>) -> Markup {
    html! { tr {
        th scope="row" { @if check.parts.len() > 1 { (of(part)) ": " } (row.metric) }
        td.words { @if row.finding.gated { b { (row.verdict) } } @else { (row.verdict) } }
        td { (row.change) }
        td { (row.before) }
        td { (row.after) }
        td { (row.interval) }
        td.words { (row.meaning) }
    } }
}

fn chart(
    at: usize,
    check: &CheckInfo,
    plot: &str,
    subtitle: &str,
    points: fn(&CheckRow<'_>) -> Vec<Point>,
) -> Chart {
    let ratios = |label: &str| Axis {
        label: label.to_owned(),
        scale: Scale::Linear,
        unit: Unit::Ratio,
        from_zero: false,
    };
    let [baseline, candidate] = sides(check);
    let mut series = Vec::new();
    for part in &check.parts {
        for row in rows(check, part) {
            let colour = series.len();
            series.push(Series {
                // The name of a command is long, and the labels of a chart are not.
                name: match check.parts.len() {
                    1 => row.metric.clone(),
                    _ => format!("{}: {}", of(part), row.metric),
                },
                look: Look {
                    colour,
                    marker: colour,
                    dash: colour,
                },
                points: points(&row),
            });
        }
    }
    Chart {
        id: format!("check-{at}-{plot}"),
        title: format!("{candidate} against {baseline}: {subtitle}"),
        about: "ratio to the baseline; over 1 the candidate is worse".to_owned(),
        kind: Kind::Rows {
            reference: Some(1.0),
        },
        x: ratios("ratio to the baseline (over 1 is worse)"),
        y: ratios(""),
        series,
    }
}

fn estimate(row: &CheckRow<'_>) -> Vec<Point> {
    let (low, high) = row.worse_range;
    let is_bounded = low > 0.0 && high.is_finite();
    vec![Point {
        x: row.finding.worse,
        y: 0.0,
        range: is_bounded.then_some((low, high)),
        mark: if row.finding.gated {
            Mark::Full
        } else {
            Mark::Hollow
        },
        note: format!("{} ({})", row.change, row.verdict),
    }]
}

fn pairs(row: &CheckRow<'_>) -> Vec<Point> {
    let point = |(at, ratio): (usize, &f64)| Point {
        x: *ratio,
        y: 0.0,
        range: None,
        mark: Mark::Dot,
        note: format!("pair {}", at + 1),
    };
    row.finding.pairs.iter().enumerate().map(point).collect()
}
