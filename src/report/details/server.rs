//! The details of one server.

use super::latency::{latency, waits};
use super::ranks::ranks;
use super::rows::{row, spread};
use super::sides::{connects, generator, idle, server};
use crate::findings::early_end::measured_part;
use crate::findings::server_line::server_options;
use crate::findings::units::{count, some};
use crate::findings::validity_sentences::generator_note;
use crate::findings::warnings::warnings;
use crate::findings::{Summary, load_line};
use crate::record::{Cell, ErrorCounts, ServerSide, ValidityFinding};
use crate::report::terminal::{BOLD, DIM, WARN, painted, warned, wrapped};

/// All rows of one server. Unserved clients are shown before throughput. `said` are the findings
/// that the first line of the report has already.
pub(crate) fn in_full(summary: &Summary<'_>, said: fn(&ValidityFinding) -> bool) -> String {
    let cell = summary.cell;
    let mut setup = server_options(&cell.contestant.options);
    setup.extend(cell.contestant.command.clone());
    let title = format!("{}  {}", painted(BOLD, summary.name()), setup.join(", "));
    let mut lines = vec![title.trim_end().to_owned()];
    lines.extend(
        wrapped(&load_line(cell), "")
            .iter()
            .map(|line| painted(DIM, line)),
    );
    lines.push(String::new());
    if summary.unserved() {
        let served = format!(
            "{} of {} served",
            count(summary.served as u64),
            some(summary.asked as u64, "client")
        );
        lines.push(row("", &painted(WARN.bold(), &served)));
    }
    lines.extend(throughput(summary));
    if !summary.unserved() {
        let fairness = summary
            .fairness
            .map(|figure| format!(", fairness {:.3} (Jain)", figure.median));
        let all = format!(
            "all {}{} served{}",
            count(summary.served as u64),
            if summary.asked < cell.load.clients {
                " that sent requests"
            } else {
                ""
            },
            fairness.unwrap_or_default()
        );
        lines.push(row("Clients", &all));
    }
    lines.extend(latency(summary));
    lines.extend(waits(summary));
    lines.extend(connects(summary));
    lines.extend(idle(cell));
    lines.extend(server(summary));
    lines.extend(generator(summary));
    lines.push(row("Errors", &errors(cell)));
    let unanswered: u64 = cell
        .counted_trials()
        .iter()
        .map(|trial| trial.unanswered)
        .sum();
    if unanswered > 0 {
        lines.push(row("Unanswered", &some(unanswered, "request")));
    }
    lines.extend(ranks(summary));
    lines.extend(validity(summary, said));
    lines.join("\n")
}

/// The throughput, and why it is a lower bound.
fn throughput(summary: &Summary<'_>) -> Vec<String> {
    let bound = if summary.limited { "≥ " } else { "" };
    let rate = |rps: f64| count(rps.round() as u64);
    let figure = painted(
        BOLD,
        &format!("{bound}{}/s", rate(summary.throughput_rps.median)),
    );
    let offered = summary.cell.load.rate_rps.map(|offered| {
        let over = if summary.over_capacity() {
            painted(WARN, ": over capacity")
        } else {
            String::new()
        };
        format!(" of {}/s offered{over}", rate(offered))
    });
    let spread = spread(summary, Some(summary.throughput_rps), rate);
    let early = summary.trials().last().filter(|trial| trial.interrupted);
    let early = early.map(|trial| {
        let part = measured_part(summary.cell, trial);
        painted(WARN, &format!(" in {part}, ended early"))
    });
    let further = offered.unwrap_or_default() + &spread + &early.unwrap_or_default();
    if !summary.limited {
        return vec![row("Throughput", &format!("{figure}{further}"))];
    }
    let why = "(at least: the load generator was at its limit)";
    let (first, second) = if further.is_empty() {
        (format!("{figure} {why}"), None)
    } else {
        (format!("{figure}{further}"), Some(why))
    };
    let trials = summary.cell.trials.iter();
    let mut findings = trials.flat_map(|trial| &trial.validity.findings);
    let note = findings.find_map(generator_note);
    let notes = second.map(str::to_owned).into_iter().chain(note);
    let notes = notes.flat_map(|note| wrapped(&note, &" ".repeat(15)));
    let notes = notes.map(|line| painted(DIM, &line));
    std::iter::once(row("Throughput", &first))
        .chain(notes)
        .collect()
}

fn errors(cell: &Cell) -> String {
    let mut all = ErrorCounts::default();
    cell.counted_trials()
        .iter()
        .for_each(|trial| all.add(&trial.errors));
    let kinds: Vec<String> = all
        .kinds()
        .iter()
        .map(|(kind, number)| format!("{} {kind}", count(*number)))
        .collect();
    let trials = cell.counted_trials().iter();
    let before: u64 = trials.map(|trial| trial.warmup_errors.total()).sum();
    let before = (before > 0).then(|| format!("{} before the window", count(before)));
    let kinds: Vec<String> = kinds.into_iter().chain(before).collect();
    let clients = (!kinds.is_empty()).then(|| kinds.join(", "));
    match (clients, faults(cell)) {
        (None, None) => "none".to_owned(),
        (None, Some(faults)) => format!("none at the clients; {faults}"),
        (Some(kinds), None) => painted(WARN, &kinds),
        (Some(kinds), Some(faults)) => painted(WARN, &format!("{kinds}; {faults}")),
    }
}

/// The faults on the server, and those that affected more than one connection: panics, lost processes, hung workers.
fn faults(cell: &Cell) -> Option<String> {
    let sum = |of: fn(&ServerSide) -> Option<u64>| {
        let trials = cell.counted_trials().iter();
        trials.filter_map(|trial| of(&trial.server)).sum::<u64>()
    };
    let all = sum(|server| server.faults);
    let severe = [
        (sum(|server| server.panics), "panic", ""),
        (sum(|server| server.workers_lost), "process", " lost"),
        (sum(|server| server.workers_hung), "worker", " hung"),
    ];
    let severe: Vec<String> = severe
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, thing, state)| match (number, thing) {
            (2.., "process") => format!("{} processes{state}", count(number)),
            _ => some(number, thing) + state,
        })
        .collect();
    let severe = if severe.is_empty() {
        String::new()
    } else {
        format!(" ({})", severe.join(", "))
    };
    (all > 0).then(|| format!("{} on the server{severe}", some(all, "fault")))
}

/// The warnings that neither the first line nor the throughput has already.
fn validity(summary: &Summary<'_>, said: fn(&ValidityFinding) -> bool) -> Vec<String> {
    let mut warnings = warnings(std::slice::from_ref(summary));
    warnings.retain(|warning| generator_note(warning.finding).is_none() && !said(warning.finding));
    let lines = warnings
        .iter()
        .flat_map(|warning| warned(&warning.sentence(false), "  "));
    if warnings.is_empty() {
        Vec::new()
    } else {
        std::iter::once(String::new()).chain(lines).collect()
    }
}
