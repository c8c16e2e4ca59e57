//! Text for the terminal, at most 80 columns: several servers in a table, a single server in detail.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::format::Format;
use super::terminal::{BOLD, DIM, WARN, painted, warned, wrapped};
use crate::findings::assertion_sentences as assertions;
use crate::findings::assertions::worst;
use crate::findings::comparison::comparison;
use crate::findings::early_end::early_end;
use crate::findings::labels::{labelled, parts};
pub(crate) use crate::findings::load_line::about;
use crate::findings::memory_sentences;
use crate::findings::two_loads::{Comparison, TwoLoads, comparisons};
use crate::findings::units::count;
use crate::findings::warmup_sentences;
use crate::findings::warnings::warnings;
use crate::findings::{Headline, headline, no_client_was_served};
pub(crate) use crate::findings::{Summary, Warning, load_line, search_sentences, sentences};
use crate::record::{AssertVerdict, Mode, Record, SearchInfo, ValidityFinding};
use crate::report::details::server;

pub(crate) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn render(&self, record: &Record) -> String {
        let record = &*labelled(record);
        let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
        let mut out = Vec::new();
        if let Some(sentence) = early_end(record) {
            let lines = wrapped(&sentence, "");
            let lines = lines.iter().map(|line| painted(WARN, line));
            out.push(lines.collect::<Vec<_>>().join("\n"));
        }
        let first = headline(record);
        out.extend(first.as_ref().map(first_line));
        let is_said = |finding: &ValidityFinding| {
            matches!(
                finding,
                ValidityFinding::NoReplies { .. } | ValidityFinding::Failures { .. }
            )
        };
        let said = if no_client_was_served(record) {
            is_said
        } else {
            |_: &_| false
        };
        if summaries.is_empty() {
            out.push("No trial was completed.".to_owned());
        }
        out.extend(search_sentences::groups(record).map(|group| searches(record, group)));
        if !record.searches.is_empty() {
            let warnings = further_warnings(&summaries);
            out.extend((!warnings.is_empty()).then(|| warnings.join("\n")));
        }
        // A search already lists its cells as steps.
        let has_searches = !record.searches.is_empty();
        let mut last = None;
        let comparisons = comparisons(&summaries);
        for comparison in comparisons.iter().filter(|_| !has_searches) {
            let scenario = comparison.first().cell.scenario.as_deref();
            if scenario != last {
                out.extend(scenario.map(|name| heading(record, name)));
                last = scenario;
            }
            match comparison {
                Comparison::One([one]) => out.push(server::in_full(one, said)),
                Comparison::One(several) => out.push(compared(several)),
                Comparison::Two(loads) if loads.capacity.len() == 1 => {
                    let both = loads.capacity.iter().chain(loads.at_rate);
                    out.extend(both.map(|summary| server::in_full(summary, said)));
                }
                Comparison::Two(loads) => out.push(two_loads(loads)),
            }
        }
        let notes = warmup_sentences::sentences(record);
        out.extend(notes.iter().map(|note| wrapped(note, "").join("\n")));
        for left_out in &record.left_out {
            out.push(
                warned(&format!("Left out: {left_out}."), "")
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
        out.extend(asserted(record));
        out.join("\n\n") + "\n"
    }
}

/// What is valid, who was served, what limits the figures.
fn first_line(headline: &Headline) -> String {
    let style = if headline.is_good { BOLD } else { WARN.bold() };
    let lines = wrapped(&headline.text, "");
    let lines = lines.iter().map(|line| painted(style, line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The conditions of `--assert`: how many hold, then each.
fn asserted(record: &Record) -> Option<String> {
    let style = |verdict| match verdict {
        AssertVerdict::Holds => BOLD,
        AssertVerdict::Undecided | AssertVerdict::Violated => WARN.bold(),
    };
    let worst = worst(&record.asserts)?;
    let first = assertions::sentence(record)?;
    let mut lines = vec![painted(style(worst), &first)];
    for row in assertions::rows(record) {
        lines.extend(wrapped(&row.line(), "  "));
    }
    Some(lines.join("\n"))
}

/// The name and the description of a scenario.
fn heading(record: &Record, name: &str) -> String {
    let lines = wrapped(&about(record, name), "");
    let lines = lines.iter().map(|line| painted(BOLD, line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Several servers under one load.
fn compared(group: &[Summary<'_>]) -> String {
    let comparison = comparison(group);
    let [_, rate, p50, p99, _, memory, served] = comparison.head;
    // A shorter head for CPU keeps the table within 80 columns.
    let head = ["", rate, p50, p99, "CPU/req.", memory, served].map(str::to_owned);
    let rows = comparison.rows.into_iter().zip(group);
    let rows = rows.map(|(mut row, summary)| {
        row[0] = short_label(summary);
        row
    });
    let mut lines = table_lines(&load_line(group[0].cell), head, rows);
    let note = match group[0].cell.load.mode {
        _ if group[0].cell.load.then.is_some() => {
            "No quantiles for an overload: they would only reflect how long it lasted."
        }
        Mode::Closed => {
            "p50, p99 and CPU are at saturation, each server at its own rate: not ranked."
        }
        Mode::Constant | Mode::Poisson => {
            "p50 and p99 are response times, from the planned send, at the same rate for all."
        }
    };
    lines.push(painted(DIM, note));
    lines.extend(memory_notes(group));
    lines.extend(conclusions(&[group]));
    lines.join("\n")
}

/// Several servers at capacity and at one rate.
fn two_loads(loads: &TwoLoads<'_, '_>) -> String {
    let table = loads.table();
    let head = table.head.map(|(load, figure)| match figure {
        "model" => String::new(),
        figure => format!("{load}\n{figure}"),
    });
    let rows = table.rows.into_iter().map(|row| {
        let mut values = row.values;
        values[0] = short_label(&loads.capacity[row.server]);
        values
    });
    let mut lines = table_lines(&loads.load_line(), head, rows);
    lines.push(painted(
        DIM,
        "p50 to p99 are response times, from the planned send, at the same rate for all.",
    ));
    lines.extend(memory_notes(loads.at_rate));
    lines.extend(conclusions(&[loads.at_rate, loads.capacity]));
    lines.join("\n")
}

/// What the memory of a table is without.
fn memory_notes(group: &[Summary<'_>]) -> Vec<String> {
    let notes = memory_sentences::notes(group);
    let lines = notes.iter().flat_map(|note| wrapped(note, ""));
    lines.map(|line| painted(DIM, &line)).collect()
}

/// A load and its table, whose first column is text and whose others are figures.
fn table_lines<const COLUMNS: usize>(
    load: &str,
    head: [String; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> Vec<String> {
    let head_lines = head.iter().map(|cell| cell.lines().count()).max();
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(head);
    rows.for_each(|row| {
        table.add_row(row);
    });
    table
        .column_iter_mut()
        .skip(1)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    let load = wrapped(load, "");
    let mut lines: Vec<String> = load.iter().map(|line| painted(BOLD, line)).collect();
    lines.push(String::new());
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        lines.push(if head_lines.is_some_and(|head| at < head) {
            painted(DIM, line)
        } else {
            line.to_owned()
        });
    }
    lines.push(String::new());
    lines
}

/// The sentences and warnings below a table of one load or two.
fn conclusions(loads: &[&[Summary<'_>]]) -> Vec<String> {
    let sentences = sentences::closing_of(loads);
    let mut lines: Vec<String> = sentences
        .iter()
        .flat_map(|sentence| wrapped(sentence, ""))
        .collect();
    let all: Vec<Summary<'_>> = loads.iter().copied().flatten().cloned().collect();
    lines.extend(further_warnings(&all));
    lines
}

/// Searches under one load: the results, then the tries of each search.
fn searches(record: &Record, group: &[SearchInfo]) -> String {
    let mut lines: Vec<String> = wrapped(&search_sentences::heading(record, &group[0]), "")
        .iter()
        .map(|line| painted(BOLD, line))
        .collect();
    lines.push(String::new());
    let answers = group.iter().map(search_sentences::answer);
    lines.extend(answers.flat_map(|answer| wrapped(&answer, "")));
    let tried = group.iter().filter(|search| !search.steps.is_empty());
    if tried.clone().next().is_some() {
        lines.push(String::new());
        lines.extend(wrapped(search_sentences::ABOUT_TRIES, ""));
    }
    for search in tried {
        lines.push(String::new());
        let pilot = count(search.pilot_rps.round() as u64);
        let name = &search.contestant;
        lines.push(painted(DIM, &format!("{name} (closed loop: {pilot}/s):")));
        let head = search_sentences::COLUMNS.map(str::to_owned);
        for row in std::iter::once(head).chain(search_sentences::rows(search)) {
            lines.extend(try_lines(&row));
        }
    }
    lines.join("\n")
}

/// A try in one line of at most 80 columns, or two.
fn try_lines([rate, rule, held, edge, result]: &[String; 5]) -> Vec<String> {
    const MOST_COLUMNS: usize = 80;
    let figures = format!("{rate:>10}  {rule:<13}  {held:<5}  {edge:<27}");
    let line = format!("{figures}  {result}");
    if line.chars().count() <= MOST_COLUMNS {
        return vec![line];
    }
    vec![figures.trim_end().to_owned(), format!("{:>14}{result}", "")]
}

/// A name, shortened so that a long command does not widen the table.
pub(crate) fn short(name: &str) -> String {
    shortened(name, 18)
}

fn shortened(name: &str, max_chars: usize) -> String {
    if name.chars().count() <= max_chars {
        name.to_owned()
    } else {
        let kept = max_chars.saturating_sub(1);
        name.chars().take(kept).chain(['…']).collect()
    }
}

/// A label, of which the name is shortened and the workers are kept.
fn short_label(summary: &Summary<'_>) -> String {
    const MAX_CHARS: usize = 26;
    match parts(&summary.cell.contestant) {
        (name, suffix) if suffix.is_empty() => short(name),
        (name, suffix) => {
            let room = MAX_CHARS.saturating_sub(suffix.chars().count());
            shortened(name, room) + &suffix
        }
    }
}

/// Warnings that the table and the sentences do not already include.
fn further_warnings(group: &[Summary<'_>]) -> Vec<String> {
    let is_unserved = |name: &&str| {
        let mut unserved = group.iter().filter(|summary| summary.unserved());
        unserved.any(|summary| summary.name() == *name)
    };
    let is_included = |warning: &Warning<'_>| match warning.finding {
        ValidityFinding::GeneratorLimited { .. } | ValidityFinding::OverCapacity { .. } => true,
        ValidityFinding::NoReplies { .. } => warning.names.iter().all(is_unserved),
        _ => false,
    };
    let new = warnings(group)
        .into_iter()
        .filter(|warning| !is_included(warning));
    new.flat_map(|warning| warned(&warning.sentence(true), ""))
        .collect()
}
