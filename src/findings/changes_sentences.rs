//! The changes between two records in sentences: the title, what they can show, how to read the
//! table, and what else differs between the records.

use super::changes::{Changes, ServerChanges, Side};
use super::headline::is_doubtful;
use super::record_differences::{Difference, listed, load, options, settings};
use super::units::{count, some};
use crate::record::{Cell, Trial, Verdict};

/// What the changes can show: text, a command, text.
pub(crate) const TREND: [&str; 3] = [
    "A trend, not a gate: the two records were measured at different times, so the machine may have changed; use",
    "rpcbench check",
    "to decide.",
];

/// How to read the table.
pub(crate) const RULE: &str = "Each value is the median over the trials of one record. NEW/OLD is the ratio of the medians. The range goes from the lowest value of NEW over the highest of OLD to the highest of NEW over the lowest of OLD; if it contains 1, the values of the two records overlap. Of requests/s and goodput more is better, of all other figures less. Latencies of a closed loop are left out: they follow from its throughput.";

/// The title, which names both records.
pub(crate) fn title(changes: &Changes<'_>) -> String {
    format!(
        "What changed from {} to {}",
        changes.old.label, changes.new.label
    )
}

/// Which records are compared.
pub(crate) fn sides(changes: &Changes<'_>) -> String {
    let (old, new) = (changes.old, changes.new);
    format!(
        "OLD is {}, started {}; NEW is {}, started {}.",
        old.label, old.record.started, new.label, new.record.started
    )
}

/// What else a reader must know about the two records.
pub(crate) fn notes(changes: &Changes<'_>) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let (old, new) = (changes.old, changes.new);
    // Times in RFC 3339 and UTC sort as text.
    if new.record.started < old.record.started {
        notes.push(format!("{} was measured before {}.", new.label, old.label));
    }
    let differences = settings(old.record, new.record);
    notes.push(if differences.is_empty() {
        format!(
            "{} and {} name the same machine (processor, cores, memory, kernel) and the same build of rpcbench.",
            old.label, new.label
        )
    } else {
        format!(
            "From {} to {} these settings differ: {}.",
            old.label,
            new.label,
            listed(&differences)
        )
    });
    notes.extend(differing_options(changes));
    notes.extend(suspect(changes));
    notes.extend(left_out(changes));
    notes
}

fn differing_options(changes: &Changes<'_>) -> Option<String> {
    let mut servers: Vec<String> = Vec::new();
    for server in changes.servers() {
        let differences = options(server.old.cell, server.new.cell);
        let entry = format!("{} {}", server.old.name(), listed(&differences));
        if !differences.is_empty() && !servers.contains(&entry) {
            servers.push(entry);
        }
    }
    (!servers.is_empty()).then(|| {
        let (old, new) = (changes.old.label, changes.new.label);
        format!(
            "From {old} to {new} options of servers differ: {}.",
            servers.join("; ")
        )
    })
}

/// The number of suspect trials; the warnings of the report have the reasons.
fn suspect(changes: &Changes<'_>) -> Option<String> {
    let of = |side: Side<'_>, cell: fn(&ServerChanges<'_>) -> (usize, usize)| {
        let (suspect, all) = changes
            .servers()
            .map(cell)
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (suspect > 0).then(|| format!("{suspect} of {all} in {}", side.label))
    };
    let sides = [
        of(changes.old, |server| suspects(server.old.cell)),
        of(changes.new, |server| suspects(server.new.cell)),
    ];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    (!sides.is_empty()).then(|| {
        format!(
            "Suspect trials: {}; the warnings of each record give the reasons.",
            sides.join(", ")
        )
    })
}

fn suspects(cell: &Cell) -> (usize, usize) {
    let is_suspect =
        |trial: &&Trial| trial.validity.verdict == Verdict::Suspect && is_doubtful(trial);
    (
        cell.trials.iter().filter(is_suspect).count(),
        cell.trials.len(),
    )
}

/// The results that only one record has, in one line.
fn left_out(changes: &Changes<'_>) -> Option<String> {
    const MOST_NAMED: usize = 4;
    let sides = [changes.old, changes.new];
    let entries = sides.iter().zip(&changes.left_out);
    let entries = entries.filter(|(_, cells)| !cells.is_empty());
    let entries: Vec<String> = entries
        .map(|(side, cells)| {
            let mut names: Vec<String> = cells
                .iter()
                .take(MOST_NAMED)
                .map(|cell| name(cell))
                .collect();
            if cells.len() > MOST_NAMED {
                names.push(format!("and {} more", cells.len() - MOST_NAMED));
            }
            format!("only in {} ({})", side.label, names.join("; "))
        })
        .collect();
    let differences = nearest(changes);
    let differences = if differences.is_empty() {
        String::new()
    } else {
        format!(". The loads differ in {}", listed_loads(&differences))
    };
    (!entries.is_empty()).then(|| {
        format!(
            "Left out, since both records must have the same server under the same load: {}{differences}.",
            entries.join(" and ")
        )
    })
}

/// `async, echo, 64 clients, 20,000/s`.
fn name(cell: &Cell) -> String {
    let load = &cell.load;
    let rate = load
        .rate_rps
        .map(|rate| format!(", {}/s", count(rate.round() as u64)));
    format!(
        "{}, {}, {}{}",
        cell.contestant.name,
        cell.scenario.as_deref().unwrap_or(&load.method),
        some(load.clients as u64, "client"),
        rate.unwrap_or_default()
    )
}

/// The differences between each load that is left out and the most similar one of the other
/// record, for the same server and scenario.
fn nearest(changes: &Changes<'_>) -> Vec<Difference> {
    let [old, new] = &changes.left_out;
    let mut all: Vec<Difference> = Vec::new();
    for cell in old {
        let is_similar = |other: &&&Cell| {
            other.contestant.name == cell.contestant.name && other.scenario == cell.scenario
        };
        let similar = new.iter().filter(is_similar);
        let nearest = similar
            .map(|other| load(cell, other))
            .min_by_key(|differences| differences.len());
        for difference in nearest.unwrap_or_default() {
            if !all.contains(&difference) {
                all.push(difference);
            }
        }
    }
    all
}

/// Settings with their values; without them if a setting differs in several ways.
fn listed_loads(differences: &[Difference]) -> String {
    let mut entries: Vec<String> = Vec::new();
    for difference in differences {
        let name = &difference.0;
        let same_name = differences.iter().filter(|other| other.0 == *name);
        let entry = match same_name.count() {
            1 => listed(std::slice::from_ref(difference)),
            _ => name.clone(),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries.join(", ")
}
