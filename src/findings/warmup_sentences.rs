//! The warm-up that pilots found, in words.

use super::units::span;
use crate::record::{Record, WarmupInfo, WarmupPilot};

/// What was found, and what to do where a server was measured before it was steady; nothing if the
/// warm-up was given.
pub fn sentences(record: &Record) -> Vec<String> {
    let Some(warmup) = &record.warmup else {
        return Vec::new();
    };
    let mut sentences: Vec<String> = longest(warmup).into_iter().collect();
    // A pilot that failed is among the failures of the check.
    let complete = warmup.pilots.iter().filter(|pilot| pilot.failed.is_none());
    let unsteady = complete.filter(|pilot| !pilot.is_steady);
    let cold = warmup.pilots.iter().filter(|pilot| pilot.is_steady);
    let cold = cold.filter(|pilot| pilot.steady_after_s > warmup.warmup_s);
    sentences.extend(unsteady.map(|pilot| never_steady(pilot, warmup)));
    sentences.extend(cold.map(|pilot| too_short(pilot, warmup)));
    sentences
}

/// The server that needs the longest warm-up, where it decides.
fn longest(warmup: &WarmupInfo) -> Option<String> {
    let pilots = warmup.pilots.iter().filter(|pilot| pilot.is_steady);
    let longest = pilots.max_by(|a, b| a.steady_after_s.total_cmp(&b.steady_after_s))?;
    let decides = longest.steady_after_s >= warmup.warmup_s;
    let is_enough = longest.steady_after_s <= warmup.warmup_s;
    (decides && is_enough).then(|| {
        format!(
            "The warm-up is what {} needed in its pilot until throughput and latency were steady: {}.",
            name(pilot_name(longest), longest.is_candidate),
            span(warmup.warmup_s)
        )
    })
}

fn pilot_name(pilot: &WarmupPilot) -> String {
    match pilot.workers {
        Some(workers) => format!("{} ({workers} workers)", pilot.contestant),
        None => pilot.contestant.clone(),
    }
}

fn name(server: String, is_candidate: bool) -> String {
    if is_candidate {
        format!("{server} (candidate)")
    } else {
        server
    }
}

fn never_steady(pilot: &WarmupPilot, warmup: &WarmupInfo) -> String {
    format!(
        "{} did not become steady within {} of its pilot, so it may have been measured before it was steady; its trials had {} of warm-up: give a longer --warmup.",
        name(pilot_name(pilot), pilot.is_candidate),
        span(pilot.took_s),
        span(warmup.warmup_s)
    )
}

fn too_short(pilot: &WarmupPilot, warmup: &WarmupInfo) -> String {
    let needed = span(pilot.steady_after_s);
    let budget = warmup
        .budget_s
        .map_or_else(String::new, |budget_s| format!(" --budget {budget_s:.0}s"));
    format!(
        "{} needs {needed} until it is steady, and was measured after {} of warm-up: for a warm server give --warmup {:.1}s{budget}.",
        name(pilot_name(pilot), pilot.is_candidate),
        span(warmup.warmup_s),
        pilot.steady_after_s
    )
}
