//! The result of a self-test, as text and as JSON.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::terminal::{BOLD, DIM, WARN, painted, wrapped};
use crate::findings::units::{some, trimmed};
use crate::record::SelftestCheck;

/// The checks as a table, then what the failed ones mean. `planned` is the number of checks; fewer
/// were run if the self-test was ended.
pub fn text(checks: &[SelftestCheck], planned: usize) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "truth", "measured", "tolerance", "verdict"]);
    for check in checks {
        table.add_row([
            check.name.clone(),
            with_unit(Some(check.truth), check),
            with_unit(check.measured, check),
            format!("± {}", with_unit(Some(check.tolerance), check)),
            outcome(check),
        ]);
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (1..4).contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.push(String::new());
    for check in checks.iter().filter(|check| !check.ok) {
        let sentence = format!(
            "{}: {}. Do not trust here: {}.",
            check.name, check.about, check.concerns
        );
        let sentence = wrapped(&sentence, "");
        lines.extend(sentence.iter().map(|line| painted(WARN, line)));
    }
    lines.push(painted(BOLD, &summary(checks, planned)));
    if checks.iter().any(|check| check.tries.len() > 1) {
        let note = "A check that fails at first is tried twice more; the median counts.";
        lines.push(painted(DIM, note));
    }
    lines.join("\n") + "\n"
}

fn outcome(check: &SelftestCheck) -> String {
    let word = if check.ok { "ok" } else { "FAILED" };
    match check.tries.len() {
        0 | 1 => word.to_owned(),
        tries => format!("{word} ({tries} tries)"),
    }
}

fn summary(checks: &[SelftestCheck], planned: usize) -> String {
    let failed = checks.iter().filter(|check| !check.ok).count() as u64;
    let all = some(checks.len() as u64, "check");
    if checks.len() < planned {
        let planned = some(planned as u64, "check");
        return format!(
            "Ended early: {} of {planned} were run, {failed} failed.",
            checks.len()
        );
    }
    match failed {
        0 => format!("{all} passed: the figures are right here, within these tolerances."),
        failed => format!("{failed} of {all} failed."),
    }
}

/// A value with its unit, with as many decimals as the tolerance needs.
fn with_unit(value: Option<f64>, check: &SelftestCheck) -> String {
    let Some(value) = value else {
        return "none".to_owned();
    };
    let decimals = match check.tolerance {
        tolerance if tolerance >= 10.0 => 0,
        tolerance if tolerance >= 0.5 => 1,
        tolerance if tolerance >= 0.05 => 2,
        _ => 4,
    };
    let number = trimmed(value, decimals);
    match check.unit.as_str() {
        "" => number,
        unit if unit.starts_with('/') => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

/// The checks as `{"checks":[…]}`.
///
/// # Errors
/// When a figure cannot be written as JSON.
pub fn json(checks: &[SelftestCheck]) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        checks: &'a [SelftestCheck],
    }
    Ok(serde_json::to_string_pretty(&Document { checks })? + "\n")
}
