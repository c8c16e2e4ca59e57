//! The section of a check: the verdict, a forest plot of its ratios, and one dot per pair.

use maud::{Markup, html};

use super::scenario_group::PageData;
use crate::findings::check_sentences::{change, notes, of, sentence, shows, title, word};
use crate::record::{CheckInfo, Finding, Part};
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
            chart(at, check, "forest", "ratios with 95 % intervals", estimate),
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
        page.sources
            .iter()
            .filter_map(|source| source.record.check.as_ref())
    };
    html! {
        @if checks().next().is_some() {
            section #check {
                @for check in checks() {
                    h2 { "Verdict: " (word(check.outcome)) }
                    p { (sentence(check)) "." }
                    (findings(check))
                }
                div.figures { @for figure in figures { (super::markup::figure_of(figure)) } }
            }
        }
    }
}

fn findings(check: &CheckInfo) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                @for head in ["", "worse by", "95 %", "p, adjusted", "verdict", ""] { th scope="col" { (head) } }
            } }
            tbody { @for part in &check.parts { @for finding in &part.findings { (row(part, finding)) } } }
        } }
        ul { @for part in &check.parts { @for note in notes(part) {
            li { (of(part)) ": " (note) }
        } } }
    }
}

fn row(part: &Part, finding: &Finding) -> Markup {
    let verdict = if finding.gated {
        (word(finding.outcome), shows(finding))
    } else {
        ("advisory", String::new())
    };
    html! { tr {
        th scope="row" { (name(part, finding)) }
        td { (change(finding.worse)) }
        td { (change(finding.low)) " to " (change(finding.high)) }
        td { (format!("{:.4}", finding.p)) }
        td { (verdict.0) }
        td.words { (verdict.1) }
    } }
}

fn name(part: &Part, finding: &Finding) -> String {
    format!("{}: {}", of(part), title(finding))
}

fn chart(
    at: usize,
    check: &CheckInfo,
    plot: &str,
    subtitle: &str,
    points: fn(&Finding) -> Vec<Point>,
) -> Chart {
    let ratios = |label: &str| Axis {
        label: label.to_owned(),
        scale: Scale::Linear,
        unit: Unit::Ratio,
        from_zero: false,
    };
    let mut series = Vec::new();
    for part in &check.parts {
        for finding in &part.findings {
            let colour = series.len();
            series.push(Series {
                name: name(part, finding),
                look: Look {
                    colour,
                    marker: colour,
                    dash: colour,
                },
                points: points(finding),
            });
        }
    }
    Chart {
        id: format!("check-{at}-{plot}"),
        title: format!("Candidate against baseline: {subtitle}"),
        about: "ratio to the baseline; over 1 the candidate is worse".to_owned(),
        kind: Kind::Rows {
            reference: Some(1.0),
        },
        x: ratios("ratio to the baseline (over 1 is worse)"),
        y: ratios(""),
        series,
    }
}

fn estimate(finding: &Finding) -> Vec<Point> {
    let mark = if finding.gated {
        Mark::Full
    } else {
        Mark::Hollow
    };
    vec![Point {
        x: finding.worse,
        y: 0.0,
        range: Some((finding.low, finding.high)),
        mark,
        note: if finding.gated { "" } else { "advisory" }.to_owned(),
    }]
}

fn pairs(finding: &Finding) -> Vec<Point> {
    let point = |(at, ratio): (usize, &f64)| Point {
        x: *ratio,
        y: 0.0,
        range: None,
        mark: Mark::Dot,
        note: format!("pair {}", at + 1),
    };
    finding.pairs.iter().enumerate().map(point).collect()
}
