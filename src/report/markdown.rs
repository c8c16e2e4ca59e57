//! A table for a README or a pull request.

use super::format::Format;
use super::text;
use crate::findings::assertion_sentences as assertions;
use crate::findings::comparison::comparison;
use crate::findings::early_end::early_end;
use crate::findings::memory_sentences;
use crate::findings::provenance::provenance;
use crate::findings::rank_table::rank_table;
use crate::findings::two_loads::{Comparison, TwoLoads, comparisons};
use crate::findings::warmup_sentences;
use crate::findings::warnings::warnings;
use crate::findings::{Summary, headline, labelled, search_sentences, sentences};
use crate::record::{Record, SearchInfo};

pub(crate) struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, record: &Record) -> String {
        let record = &*labelled(record);
        let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
        let mut out = String::new();
        if let Some(sentence) = early_end(record) {
            out.push_str(&format!("**{sentence}**\n\n"));
        }
        if let Some(first) = headline(record) {
            out.push_str(&format!("{}\n\n", first.text));
        }
        out.push_str(&asserted(record));
        for group in search_sentences::groups(record) {
            out.push_str(&searches(record, group));
        }
        let has_searches = !record.searches.is_empty();
        let mut last = None;
        for comparison in comparisons(&summaries).iter().filter(|_| !has_searches) {
            let scenario = comparison.first().cell.scenario.as_deref();
            if let Some(name) = scenario.filter(|_| scenario != last) {
                out.push_str(&format!("## {}\n\n", text::about(record, name)));
            }
            last = scenario;
            out.push_str(&match comparison {
                Comparison::One(group) => section(
                    &text::load_line(group[0].cell),
                    &table(group),
                    &[memory_sentences::notes(group), sentences::closing(group)].concat(),
                    group,
                ),
                Comparison::Two(loads) => section(
                    &loads.load_line(),
                    &two_loads_table(loads),
                    &[
                        memory_sentences::notes(loads.at_rate),
                        sentences::closing_of(&[loads.at_rate, loads.capacity]),
                    ]
                    .concat(),
                    &[loads.capacity, loads.at_rate].concat(),
                ),
            });
        }
        for summary in &summaries {
            out.push_str(&ranks(summary));
        }
        for note in warmup_sentences::sentences(record) {
            out.push_str(&format!(
                "- {note}

"
            ));
        }
        for left_out in &record.left_out {
            out.push_str(&format!("- Left out: {left_out}.\n\n"));
        }
        out.push_str(&format!("{}\n", provenance(record)));
        out
    }
}

/// The conditions of `--assert`; empty if there are none.
pub(crate) fn asserted(record: &Record) -> String {
    let Some(sentence) = assertions::sentence(record) else {
        return String::new();
    };
    let mut out =
        format!("**{sentence}**\n\n| verdict | condition | | figure | |\n|---|---|---|---|---|\n");
    for row in assertions::rows(record) {
        let [condition, subject] = [&row.condition, &row.subject].map(|text| escaped(text));
        let (figure, verdict) = (row.figure, assertions::word(row.verdict));
        out.push_str(&format!(
            "| {verdict} | `{condition}` | {subject} | {figure} | {} |\n",
            row.note
        ));
    }
    out + "\n"
}

fn searches(record: &Record, group: &[SearchInfo]) -> String {
    let mut out = format!("**{}**\n\n", search_sentences::heading(record, &group[0]));
    let answers = group.iter().map(search_sentences::answer);
    answers.for_each(|answer| out.push_str(&format!("- {answer}\n")));
    out.push_str(&format!("\n{}\n", search_sentences::ABOUT_TRIES));
    let columns = search_sentences::COLUMNS.join(" | ");
    out.push_str(&format!(
        "\n| server | {columns} |\n|---|---:|---|---|---|---|\n"
    ));
    for search in group {
        for row in search_sentences::rows(search) {
            let name = escaped(&search.contestant);
            out.push_str(&format!("| {name} | {} |\n", row.join(" | ")));
        }
    }
    out.push('\n');
    out
}

fn escaped(name: &str) -> String {
    name.replace('|', "\\|")
}

/// A load, its table, its sentences and its warnings.
fn section(load: &str, table: &str, sentences: &[String], summaries: &[Summary<'_>]) -> String {
    let mut out = format!("**{load}**\n\n{table}\n");
    let warnings = warnings(summaries);
    let warnings = warnings.iter().map(|warning| warning.sentence(true));
    let sentences: Vec<String> = sentences.iter().cloned().chain(warnings).collect();
    sentences
        .iter()
        .for_each(|sentence| out.push_str(&format!("- {sentence}\n")));
    if !sentences.is_empty() {
        out.push('\n');
    }
    out
}

/// The generators of a load that several made; empty for one.
fn ranks(summary: &Summary<'_>) -> String {
    let Some(table) = rank_table(summary) else {
        return String::new();
    };
    let name = escaped(summary.name());
    let rows = table.rows.into_iter().map(|mut row| {
        row[1] = escaped(&row[1]);
        row
    });
    let rows = layout(&table.head.map(str::to_owned), rows);
    format!(
        "**Load generators of {name}**\n\n{rows}\n{}\n\n",
        table.note
    )
}

/// Several servers under one load.
fn table(group: &[Summary<'_>]) -> String {
    let table = comparison(group);
    layout(&table.head.map(str::to_owned), table.rows)
}

/// Several servers at capacity and at one rate.
fn two_loads_table(loads: &TwoLoads<'_, '_>) -> String {
    let table = loads.table();
    let head = table.head.map(|(load, figure)| match load {
        "" => figure.to_owned(),
        load => format!("{figure}, {load}"),
    });
    layout(&head, table.rows.into_iter().map(|row| row.values))
}

/// A table whose first column is text and whose others are figures.
fn layout<const COLUMNS: usize>(
    head: &[String; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut out = format!("| {} |\n", head.join(" | "));
    out.push_str(&format!("|---|{}\n", "---:|".repeat(COLUMNS - 1)));
    for mut row in rows {
        row[0] = escaped(&row[0]);
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out
}
