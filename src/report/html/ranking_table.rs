//! A table of scenario × server: place, ratio to the best with its interval, or why there is no place.

use maud::{Markup, html};

use super::scenario_group::{LoadGroup, PageData, ScenarioGroup};
use crate::findings::ranking::rankings;
use crate::findings::sentences::times;
use crate::findings::units::{count, digits, time};
use crate::findings::{ComparedWithBest, RankedServer, Ranking, Summary, Unit};
use crate::record::Verdict;

pub(crate) fn section(page: &PageData<'_>) -> Markup {
    let names: Vec<&str> = page
        .series()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    html! {
        @if names.len() > 1 && !page.is_check() {
            section #orders {
                h2 { "Side by side" }
                p.soft {
                    "Each cell shows the place, the median over rounds, and the ratio to the best with its "
                    "simultaneous 95 % confidence interval. The place is one more than the number of servers "
                    "shown to be better; = marks a shared place. A ratio over 1 is worse than the best. "
                    "If its interval contains 1, the server is not distinguishable from the best. "
                    "With too few rounds there is no place, and the ratios of the rounds are shown as a range. "
                    "≥ marks a lower bound: the load generator was the limit."
                }
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Load" }
                        @for name in &names { th scope="col" { (name) } }
                    } }
                    tbody {
                        @for scenario in &page.scenarios { (rows(page, scenario, &names)) }
                    }
                } }
                @for scenario in &page.scenarios {
                    @let warnings = page.warnings(&scenario.groups);
                    (super::markup::warned(&format!("{}: ", scenario.title), &warnings))
                }
            }
        }
    }
}

fn rows(page: &PageData<'_>, scenario: &ScenarioGroup<'_>, names: &[&str]) -> Markup {
    html! {
        tr.scenario { th colspan=(names.len() + 1) scope="rowgroup" {
            b { (scenario.title) } @if let Some(about) = scenario.about { ": " (about) }
        } }
        @for group in &scenario.groups {
            @let orders = rankings(&group.summaries);
            @if orders.is_empty() {
                tr { th scope="row" { (group.label()) } @for name in names { (unranked(page, group, name)) } }
            }
            @for ranking in &orders {
                tr {
                    th scope="row" { (group.label()) small { (ranking.measure.name) } }
                    @for name in names { (cell(page, group, ranking, name)) }
                }
            }
        }
    }
}

/// The server with this series name in this group.
fn of_name<'g, 'a>(
    page: &PageData<'_>,
    group: &'g LoadGroup<'a>,
    name: &str,
) -> Option<&'g Summary<'a>> {
    let mut summaries = group.summaries.iter();
    summaries.find(|summary| page.name(group.source, summary) == name)
}

fn cell(page: &PageData<'_>, group: &LoadGroup<'_>, ranking: &Ranking<'_>, name: &str) -> Markup {
    let Some(summary) = of_name(page, group, name) else {
        return html! { td {} };
    };
    let place = ranking
        .places
        .iter()
        .find(|place| place.name == summary.name());
    match place {
        Some(place) => placed(ranking, place),
        None => html! { td.out { (reason_without_place(summary, Some(ranking))) } },
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
        Some(ComparedWithBest::Worse(ratio) | ComparedWithBest::NotDistinguishable(ratio)) => {
            Some(times(&ratio))
        }
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

fn unranked(page: &PageData<'_>, group: &LoadGroup<'_>, name: &str) -> Markup {
    let summary = of_name(page, group, name);
    html! { td.out { @if let Some(summary) = summary { (reason_without_place(summary, None)) } } }
}

/// Why a server has no place; its throughput if the measure is a rate.
fn reason_without_place(summary: &Summary<'_>, ranking: Option<&Ranking<'_>>) -> String {
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
