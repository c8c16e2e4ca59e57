//! Scenario × contestant: each one's place, its ratio to the first with the interval, or why it has none.

use maud::{Markup, html};

use super::scenario_group::{LoadGroup, ScenarioGroup, Study};
use crate::findings::ranking::rankings;
use crate::findings::sentences::times;
use crate::findings::units::{count, digits, time};
use crate::findings::{ComparedWithBest, RankedServer, Ranking, Summary, Unit};
use crate::record::Verdict;

pub(crate) fn section(study: &Study<'_>) -> Markup {
    let names: Vec<&str> = study
        .series()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    html! {
        @if names.len() > 1 && !study.is_check() {
            section #orders {
                h2 { "Side by side" }
                p.soft {
                    "In each cell: the place among those put in order (one more than the number of those "
                    "shown to be better; = where others share it), the median over rounds, and how many times "
                    "worse than the first, with its interval. ≥ marks a lower bound: the load generator was the limit."
                }
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Load" }
                        @for name in &names { th scope="col" { (name) } }
                    } }
                    tbody {
                        @for scene in &study.scenes { (rows(study, scene, &names)) }
                    }
                } }
                @for scene in &study.scenes {
                    @let warnings = study.warnings(&scene.groups);
                    (super::markup::warned(&format!("{}: ", scene.title), &warnings))
                }
            }
        }
    }
}

fn rows(study: &Study<'_>, scene: &ScenarioGroup<'_>, names: &[&str]) -> Markup {
    html! {
        tr.scene { th colspan=(names.len() + 1) scope="rowgroup" {
            b { (scene.title) } @if let Some(about) = scene.about { ": " (about) }
        } }
        @for group in &scene.groups {
            @let orders = rankings(&group.summaries);
            @if orders.is_empty() {
                tr { th scope="row" { (group.label()) } @for name in names { (unordered(study, group, name)) } }
            }
            @for ranking in &orders {
                tr {
                    th scope="row" { (group.label()) small { (ranking.measure.name) } }
                    @for name in names { (cell(study, group, ranking, name)) }
                }
            }
        }
    }
}

/// The contestant that goes by this name in this group.
fn of_name<'g, 'a>(
    study: &Study<'_>,
    group: &'g LoadGroup<'a>,
    name: &str,
) -> Option<&'g Summary<'a>> {
    let mut summaries = group.summaries.iter();
    summaries.find(|summary| study.name(group.source, summary) == name)
}

fn cell(study: &Study<'_>, group: &LoadGroup<'_>, ranking: &Ranking<'_>, name: &str) -> Markup {
    let Some(summary) = of_name(study, group, name) else {
        return html! { td {} };
    };
    let place = ranking
        .places
        .iter()
        .find(|place| place.name == summary.name());
    match place {
        Some(place) => placed(ranking, place),
        None => html! { td.out { (why_not(summary, Some(ranking))) } },
    }
}

fn placed(ranking: &Ranking<'_>, place: &RankedServer<'_>) -> Markup {
    let value = shown(ranking.measure.unit, place.median);
    let same = ranking
        .places
        .iter()
        .filter(|other| other.rank == place.rank);
    let shared = if same.count() > 1 { "=" } else { "" };
    let rank = place.rank.map(|rank| format!("{shared}{rank}"));
    let first = place.rank == Some(1);
    let ratio = match place.against_first {
        None => None,
        Some(ComparedWithBest::Worse(ratio) | ComparedWithBest::Tied(ratio)) => Some(times(&ratio)),
        Some(ComparedWithBest::Seen(low, high)) if low < high => {
            Some(format!("{low:.2}× to {high:.2}×"))
        }
        Some(ComparedWithBest::Seen(only, _)) => Some(format!("{only:.2}×")),
    };
    html! {
        td.first[first] {
            @if let Some(rank) = rank { (rank) " · " }
            (value)
            @if let Some(ratio) = ratio { small { (ratio) } }
        }
    }
}

fn unordered(study: &Study<'_>, group: &LoadGroup<'_>, name: &str) -> Markup {
    let summary = of_name(study, group, name);
    html! { td.out { @if let Some(summary) = summary { (why_not(summary, None)) } } }
}

/// Why a contestant has no place; its throughput where that says anything.
fn why_not(summary: &Summary<'_>, ranking: Option<&Ranking<'_>>) -> String {
    let bound = if summary.limited { "≥ " } else { "" };
    let rate = count(summary.throughput_rps.median.round() as u64);
    let of_rates = ranking.is_none_or(|ranking| ranking.measure.unit == Unit::Rate);
    if summary.unserved() {
        format!("{} of {} served", summary.served, summary.asked)
    } else if summary.verdict == Verdict::Invalid {
        "invalid".to_owned()
    } else if summary.over_capacity() {
        "over capacity".to_owned()
    } else if of_rates {
        format!("{bound}{rate}/s")
    } else {
        "not known in every round".to_owned()
    }
}

fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Micros => format!("{} µs", digits(value)),
        Unit::Rate => format!("{}/s", count(value.round() as u64)),
        Unit::TimeNs => time(value),
    }
}
