//! The answer in sentences: per scenario which server is best, by how much, and what explains it.

use maud::{Markup, html};

use super::scenario_group::{LoadGroup, PageData, ScenarioGroup};
use crate::findings::delays::delay_line;
use crate::findings::ranking::rankings;
use crate::findings::sentences::{closing, named};
use crate::findings::units::{and, count, digits, some};
use crate::findings::{BEYOND, ComparedWithBest, Figure, Ranking, Summary, load_line};
use crate::record::{Mode, Record, Trial};

pub(crate) fn section(page: &PageData<'_>) -> Markup {
    // A check has its own section.
    let compares = |scenario: &&ScenarioGroup<'_>| {
        scenario
            .groups
            .iter()
            .any(|group| group.summaries.len() > 1)
    };
    let scenarios: Vec<&ScenarioGroup<'_>> = page.scenarios.iter().filter(compares).collect();
    html! {
        @if !scenarios.is_empty() && !page.is_check() {
            section #answer {
                h2 { "The answer" }
                p.soft {
                    "A server is called better only if the confidence interval of the ratio excludes 1. "
                    "The ratios are taken within rounds. Per load the intervals are simultaneous 95 % "
                    "confidence intervals over all pairs. Servers without a shown difference are called "
                    "not distinguishable. Response times in a closed loop follow from throughput and are not ranked."
                }
                dl.best {
                    @for scenario in &scenarios {
                        dt { (scenario.title) }
                        dd { (in_short(page, scenario)) }
                    }
                }
                @for scenario in &scenarios { (in_full(page, scenario)) }
            }
        }
    }
}

/// The best server of each measure, at the middle load.
fn in_short(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Markup {
    html! {
        @for group in scenario.middle() {
            @let orders = rankings(&group.summaries);
            @let prefix = page.prefix(group.source);
            @if orders.is_empty() { (prefix) "nothing to rank. " }
            @for ranking in &orders {
                (prefix) (named(ranking)) ": "
                b { (and(&best_servers(ranking))) }
                @if !ranking.is_enough() { " (too few rounds to rank)" }
                ". "
            }
        }
    }
}

/// The servers that no server is shown to beat; with too few rounds, the server with the best median.
fn best_servers<'a>(ranking: &Ranking<'a>) -> Vec<&'a str> {
    let unbeaten = ranking.places.iter().filter(|place| place.rank == Some(1));
    let best = ranking.places.iter().take(1);
    if ranking.is_enough() {
        unbeaten.map(|place| place.name).collect()
    } else {
        best.map(|place| place.name).collect()
    }
}

/// All sentences: those of the middle load are visible, those of other loads are folded.
fn in_full(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Markup {
    let middle = scenario.middle();
    let is_middle =
        |group: &&LoadGroup<'_>| middle.iter().any(|shown| std::ptr::eq(*shown, *group));
    let others: Vec<&LoadGroup<'_>> = scenario
        .groups
        .iter()
        .filter(|group| !is_middle(group))
        .collect();
    html! {
        h3 id=(format!("answer-{}", scenario.id)) {
            (scenario.title)
            @if let Some(about) = scenario.about { ": " (about) }
        }
        @if let Some(reads) = scenario.reads { p.soft { "What to look at: " (reads) "." } }
        @for group in &middle { (sentences(page, group)) }
        @if !others.is_empty() {
            details {
                summary { "At " (others.iter().map(|group| group.label()).collect::<Vec<_>>().join("; ")) }
                @for group in &others { (sentences(page, group)) }
            }
        }
        @for (source, record) in page.sources.iter().map(|source| source.record).enumerate() {
            (targets(page, scenario, source, record))
        }
    }
}

fn sentences(page: &PageData<'_>, group: &LoadGroup<'_>) -> Markup {
    let load = group
        .summaries
        .first()
        .map(|summary| load_line(summary.cell));
    html! {
        @if let Some(load) = load { p { (page.prefix(group.source)) (load) "." } }
        ul {
            @for sentence in closing(&group.summaries) { li { (sentence) } }
            @for sentence in why(group) { li { (sentence) } }
            @if let Some(sentence) = delays(group) { li { (sentence) } }
        }
    }
}

/// Where the response times of a single server were spent. Those of several are compared.
fn delays(group: &LoadGroup<'_>) -> Option<String> {
    match group.summaries.as_slice() {
        [only] => delay_line(only).map(|parts| format!("Delays, {parts}.")),
        _ => None,
    }
}

/// Measured values that may explain an order.
fn why(group: &LoadGroup<'_>) -> Vec<String> {
    let orders = rankings(&group.summaries);
    let differs = |less: bool| {
        let mut orders = orders
            .iter()
            .filter(move |ranking| ranking.measure.less == less);
        orders.any(|ranking| {
            let mut places = ranking.places.iter();
            places.any(|place| matches!(place.against_first, Some(ComparedWithBest::Worse(_))))
        })
    };
    let mut sentences = Vec::new();
    let cores: Vec<String> = group.summaries.iter().filter_map(cores_busy).collect();
    if differs(false) && cores.len() > 1 {
        sentences.push(format!(
            "CPU cores used by the server, on average: {}.",
            cores.join(", ")
        ));
    }
    let sizes: Vec<String> = group.summaries.iter().filter_map(size).collect();
    let is_same = |of: fn(&Summary<'_>) -> Option<u64>| {
        let mut sizes = group.summaries.iter().map(of);
        let first = sizes.next();
        sizes.all(|size| Some(size) == first)
    };
    let same_size = is_same(|summary| summary.processes) && is_same(|summary| summary.threads);
    if !same_size && differs(true) && group.load.mode == Mode::Closed && sizes.len() > 1 {
        sentences.push(format!(
            "Peak number of processes or threads: {}.",
            sizes.join(", ")
        ));
    }
    sentences
}

fn cores_busy(summary: &Summary<'_>) -> Option<String> {
    let cores = Figure::of(summary.trials(), |trial| {
        // The CPU per request is that of the window; the times of a record are between readings.
        Some(trial.server.cpu_us_per_request? * trial.throughput_rps / 1e6)
    })?;
    Some(format!("{} {}", summary.name(), digits(cores.median)))
}

fn size(summary: &Summary<'_>) -> Option<String> {
    let (processes, threads) = (summary.processes?, summary.threads?);
    let name = summary.name();
    Some(if threads > processes {
        format!("{name} {}", some(threads, "thread"))
    } else {
        format!("{name} {}", some(processes, "process"))
    })
}

/// Targets of p99 in the table of rates.
const TARGETS_MS: [u64; 4] = [1, 5, 20, 100];

/// The highest offered rate at which each server held p99 under each target.
fn targets(
    page: &PageData<'_>,
    scenario: &ScenarioGroup<'_>,
    source: usize,
    record: &Record,
) -> Markup {
    let rungs: Vec<&LoadGroup<'_>> = scenario
        .of_source(source)
        .filter(|group| group.load.mode != Mode::Closed && group.load.then.is_none())
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for summary in rungs.iter().flat_map(|rung| &rung.summaries) {
        if !names.contains(&summary.name()) {
            names.push(summary.name());
        }
    }
    let shown = rungs.len() > 1 && !names.is_empty() && record.check.is_none();
    html! {
        @if shown {
            p {
                (page.prefix(source))
                "The highest offered rate at which each server held p99 under the target. It must hold at all lower rates too, and in at least 5/6 of the rounds:"
            }
            div.scroll { table {
                thead { tr {
                    th scope="col" { "p99 under" }
                    @for name in &names { th scope="col" { (name) } }
                } }
                tbody { @for target_ms in TARGETS_MS { tr {
                    th scope="row" { (target_ms) " ms" }
                    @for name in &names { td { (held(&rungs, name, target_ms)) } }
                } } }
            } }
        }
    }
}

fn held(rungs: &[&LoadGroup<'_>], name: &str, target_ms: u64) -> String {
    let of_name = |rung: &LoadGroup<'_>| {
        let mut summaries = rung.summaries.iter();
        summaries.position(|summary| summary.name() == name)
    };
    let held: Vec<(f64, bool)> = rungs
        .iter()
        .filter_map(|rung| {
            let summary = &rung.summaries[of_name(rung)?];
            Some((rung.load.rate_rps?, meets(summary, target_ms)))
        })
        .collect();
    let lowest = rungs
        .iter()
        .find_map(|rung| Some(&rung.summaries[of_name(rung)?]));
    let too_few = |summary: &Summary<'_>| {
        let mut samples = summary.trials().iter().map(|trial| trial.samples as f64);
        samples.any(|samples| samples * 0.01 < BEYOND)
    };
    let number = held.iter().take_while(|(_, held)| *held).count();
    match number.checked_sub(1) {
        Some(last) => {
            let bound = if number == held.len() { "≥ " } else { "" };
            format!("{bound}{}/s", count(held[last].0.round() as u64))
        }
        None if lowest.is_some_and(Summary::unserved) => "clients unserved".to_owned(),
        None if lowest.is_some_and(too_few) => "too few samples".to_owned(),
        None => "none".to_owned(),
    }
}

/// Whether p99 is known and under the target in at least 5/6 of the trials.
fn meets(summary: &Summary<'_>, target_ms: u64) -> bool {
    let under = |trial: &&Trial| {
        let known = trial.censored.count == 0 || trial.exact_below >= 0.99;
        let p99_ns = trial.latency_ns.p99.filter(|_| known);
        p99_ns.is_some_and(|ns| ns < target_ms * 1_000_000) && !trial.over_capacity()
    };
    let trials = summary.trials();
    summary.ranks() && trials.iter().filter(under).count() * 6 >= trials.len() * 5
}
