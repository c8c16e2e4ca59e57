//! Text for the terminal: each metric with a small forest plot, in which an interval is a line and the
//! middle means no change.

use super::form::Form;
use crate::findings::assertion_sentences as assertions;
use crate::findings::check_advice::advice;
use crate::findings::check_sentences::{compared, headline, notes, of};
use crate::findings::check_table::{CheckRow, legend, rows, word};
use crate::findings::provenance::provenance;
use crate::findings::warmup_sentences;
use crate::record::{CheckInfo, Part, Record};
use crate::report::terminal::{BOLD, COLUMNS, DIM, WARN, painted, wrapped, wrapped_to};

pub(crate) struct Text;

/// Columns of the plot.
const WIDTH: usize = 25;
/// The change at the ends of the plot, as a share.
const MAX_CHANGE: f64 = 0.3;

impl Form for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn file(&self) -> &'static str {
        "check.txt"
    }

    fn render(&self, record: &Record, check: &CheckInfo) -> String {
        let (headline, is_bad) = headline(record, check);
        let style = if is_bad { WARN.bold() } else { BOLD };
        let mut lines: Vec<String> = wrapped(&headline, "")
            .iter()
            .map(|line| painted(style, line))
            .collect();
        lines.extend(wrapped(&compared(check), ""));
        for part in &check.parts {
            lines.push(String::new());
            lines.extend(of_part(check, part));
        }
        let notes = warmup_sentences::sentences(record);
        lines.extend(notes.iter().flat_map(|note| wrapped(note, "")));
        lines.push(String::new());
        if check.parts.iter().any(|part| !part.findings.is_empty()) {
            lines.extend(dim(&legend(check)));
        }
        lines.extend(asserted(record));
        lines.extend(dim(&provenance(record)));
        lines.join("\n") + "\n"
    }
}

fn dim(text: &str) -> Vec<String> {
    let lines = wrapped(text, "");
    lines.iter().map(|line| painted(DIM, line)).collect()
}

fn of_part(check: &CheckInfo, part: &Part) -> Vec<String> {
    let outcome = word(part.outcome);
    let mut lines = vec![painted(BOLD, &format!("{}: {outcome}", of(part)))];
    let notes = notes(check, part);
    lines.extend(notes.iter().flat_map(|note| wrapped(note, "  ")));
    if !part.findings.is_empty() {
        let scale = format!("    −30 %{0:7}0{0:7}+30 %  worse is to the right", "");
        lines.push(painted(DIM, &scale));
    }
    for row in rows(check, part) {
        lines.extend(metric(&row));
    }
    let advice = advice(check, part);
    lines.extend(advice.iter().flat_map(|line| wrapped(line, "  ")));
    lines
}

/// A metric: before and after and the change; then its interval as a plot and in words.
fn metric(row: &CheckRow<'_>) -> Vec<String> {
    const INDENT: usize = 4;
    const GAP: usize = 2;
    let first = format!(
        "  {:<30}{:>9} → {:<9}  {}",
        row.metric, row.before, row.after, row.change
    );
    let words = format!("{}: {}; {}", row.verdict, row.interval, row.meaning);
    let mut plot = plot(row);
    let mut lines = vec![painted(BOLD, first.trim_end())];
    for words in wrapped_to(&words, COLUMNS - INDENT - WIDTH - GAP) {
        lines.push(format!("{:INDENT$}{plot:<WIDTH$}{:GAP$}{words}", "", ""));
        plot.clear();
    }
    lines
}

/// `──●──` on a scale of ±30 %. Values beyond the scale are clipped.
fn plot(row: &CheckRow<'_>) -> String {
    let column = |worse: f64| {
        let share = ((worse - 1.0) / MAX_CHANGE).clamp(-1.0, 1.0);
        ((share + 1.0) / 2.0 * (WIDTH - 1) as f64).round() as usize
    };
    let (low, high) = (column(row.worse_range.0), column(row.worse_range.1));
    let middle = column(row.finding.worse);
    let mark = |at: usize| match at {
        at if at == middle => '●',
        at if (low..=high).contains(&at) => '─',
        at if at == WIDTH / 2 => '┊',
        _ => ' ',
    };
    (0..WIDTH).map(mark).collect()
}

/// The conditions of `--assert` on the candidate.
fn asserted(record: &Record) -> Vec<String> {
    let first = assertions::sentence(record).into_iter();
    let rows = assertions::rows(record);
    let rows = rows.iter().flat_map(|row| wrapped(&row.line(), "  "));
    first.chain(rows).collect()
}
