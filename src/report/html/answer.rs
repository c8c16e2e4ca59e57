//! The answer in words: for each scenario what won, by how much, and why as far as the data say.

use maud::{Markup, html};

use super::scenario_group::{LoadGroup, ScenarioGroup, Study};
use crate::findings::ranking::rankings;
use crate::findings::sentences::{and, closing, named};
use crate::findings::units::{count, digits, some};
use crate::findings::{BEYOND, ComparedWithBest, Figure, Ranking, Summary, load_line};
use crate::record::{Mode, Record, Trial};

pub(crate) fn section(study: &Study<'_>) -> Markup {
    // A check has its own answer.
    let compares =
        |scene: &&ScenarioGroup<'_>| scene.groups.iter().any(|group| group.summaries.len() > 1);
    let scenes: Vec<&ScenarioGroup<'_>> = study.scenes.iter().filter(compares).collect();
    html! {
        @if !scenes.is_empty() && !study.is_check() {
            section #answer {
                h2 { "The answer" }
                p.soft {
                    "An order is claimed only where the interval of the ratios within rounds leaves out 1, "
                    "adjusted for all pairs compared under one load (95 % for each load by itself). "
                    "What is not shown to differ is called tied. Latency in a closed loop restates "
                    "throughput and ranks nothing."
                }
                dl.best {
                    @for scene in &scenes {
                        dt { (scene.title) }
                        dd { (in_short(study, scene)) }
                    }
                }
                @for scene in &scenes { (in_full(study, scene)) }
            }
        }
    }
}

/// The first of each measure, at the load in the middle.
fn in_short(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Markup {
    html! {
        @for group in scene.middle() {
            @let orders = rankings(&group.summaries);
            @let prefix = study.prefix(group.source);
            @if orders.is_empty() { (prefix) "nothing to put in order. " }
            @for ranking in &orders {
                (prefix) (named(ranking)) ": "
                b { (and(&firsts(ranking))) }
                @if !ranking.is_enough() { " (too few rounds to rank)" }
                ". "
            }
        }
    }
}

/// Those that no other is shown to beat; with too few rounds the one that did best here.
fn firsts<'a>(ranking: &Ranking<'a>) -> Vec<&'a str> {
    let unbeaten = ranking.places.iter().filter(|place| place.rank == Some(1));
    let best = ranking.places.iter().take(1);
    if ranking.is_enough() {
        unbeaten.map(|place| place.name).collect()
    } else {
        best.map(|place| place.name).collect()
    }
}

/// All sentences: of the load in the middle at once, of the others one click away.
fn in_full(study: &Study<'_>, scene: &ScenarioGroup<'_>) -> Markup {
    let middle = scene.middle();
    let is_middle = |group: &&LoadGroup<'_>| middle.iter().any(|one| std::ptr::eq(*one, *group));
    let others: Vec<&LoadGroup<'_>> = scene
        .groups
        .iter()
        .filter(|group| !is_middle(group))
        .collect();
    html! {
        h3 id=(format!("answer-{}", scene.id)) {
            (scene.title)
            @if let Some(about) = scene.about { ": " (about) }
        }
        @if let Some(reads) = scene.reads { p.soft { "To look at: " (reads) "." } }
        @for group in &middle { (sentences(study, group)) }
        @if !others.is_empty() {
            details {
                summary { "At " (others.iter().map(|group| group.label()).collect::<Vec<_>>().join("; ")) }
                @for group in &others { (sentences(study, group)) }
            }
        }
        @for (source, record) in study.sources.iter().map(|source| source.record).enumerate() {
            (targets(study, scene, source, record))
        }
    }
}

fn sentences(study: &Study<'_>, group: &LoadGroup<'_>) -> Markup {
    let load = group
        .summaries
        .first()
        .map(|summary| load_line(summary.cell));
    html! {
        @if let Some(load) = load { p { (study.prefix(group.source)) (load) "." } }
        ul {
            @for sentence in closing(&group.summaries) { li { (sentence) } }
            @for sentence in why(group) { li { (sentence) } }
        }
    }
}

/// What the data say about the reason of an order.
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
            "Cores that the server kept busy: {}.",
            cores.join(", ")
        ));
    }
    let sizes: Vec<String> = group.summaries.iter().filter_map(size).collect();
    let alike = |of: fn(&Summary<'_>) -> Option<u64>| {
        let mut sizes = group.summaries.iter().map(of);
        let first = sizes.next();
        sizes.all(|size| Some(size) == first)
    };
    let alike = alike(|summary| summary.processes) && alike(|summary| summary.threads);
    if !alike && differs(true) && group.load.mode == Mode::Closed && sizes.len() > 1 {
        sentences.push(format!(
            "What they had running at the peak: {}.",
            sizes.join(", ")
        ));
    }
    sentences
}

fn cores_busy(summary: &Summary<'_>) -> Option<String> {
    let seconds = summary.cell.load.duration_s;
    let cores = Figure::of(&summary.cell.trials, |trial| {
        Some((trial.server.cpu_user_s? + trial.server.cpu_system_s?) / seconds)
    })?;
    Some(format!("{} {}", summary.name(), digits(cores.median)))
}

fn size(summary: &Summary<'_>) -> Option<String> {
    let (processes, threads) = (summary.processes?, summary.threads?);
    let name = summary.name();
    Some(if threads > processes {
        format!("{name} {}", some(threads, "thread"))
    } else {
        format!(
            "{name} {}",
            some(processes, "process").replace("processs", "processes")
        )
    })
}

/// Targets of p99 that a ladder is read off at.
const TARGETS_MS: [u64; 4] = [1, 5, 20, 100];

/// The highest rate of a ladder that each held within a target.
fn targets(study: &Study<'_>, scene: &ScenarioGroup<'_>, source: usize, record: &Record) -> Markup {
    let rungs: Vec<&LoadGroup<'_>> = scene
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
                (study.prefix(source))
                "The highest rate tried at which each held p99 under a target in five rounds of six or more, and at all lower ones too:"
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
            Some((rung.load.rate_rps?, keeps(summary, target_ms)))
        })
        .collect();
    let lowest = rungs
        .iter()
        .find_map(|rung| Some(&rung.summaries[of_name(rung)?]));
    let too_few = |summary: &Summary<'_>| {
        let mut samples = summary.cell.trials.iter().map(|trial| trial.samples as f64);
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

/// Whether p99 was known and under the target in five trials of six or more.
fn keeps(summary: &Summary<'_>, target_ms: u64) -> bool {
    let under = |trial: &&Trial| {
        let known = trial.censored.count == 0 || trial.exact_below >= 0.99;
        let p99_ns = trial.latency_ns.p99.filter(|_| known);
        p99_ns.is_some_and(|ns| ns < target_ms * 1_000_000) && !trial.over_capacity()
    };
    let trials = &summary.cell.trials;
    summary.ranks() && trials.iter().filter(under).count() * 6 >= trials.len() * 5
}
