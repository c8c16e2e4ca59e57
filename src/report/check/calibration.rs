//! What identical against identical says of a machine.

use crate::findings::check_sentences::{of, title};
use crate::findings::provenance::provenance;
use crate::record::{CheckInfo, Finding, Part, Record};
use crate::report::terminal::{BOLD, DIM, WARN, painted, wrapped};

/// The noise of one metric of one part.
#[derive(Debug)]
pub struct Row<'a> {
    /// Whose.
    pub part: &'a Part,
    /// Of what.
    pub finding: &'a Finding,
    /// The smallest change that is found four times in five.
    pub visible: f64,
    /// By how much pairs vary.
    pub between_pairs: f64,
    /// Pairs that a pass of identical builds takes.
    pub pairs_for_margin: Option<usize>,
    /// Checks of these pairs, turned by a coin, that say something changed.
    pub false_alarms: f64,
}

/// The text, and whether a gate with this margin makes sense here.
pub fn calibration(record: &Record, check: &CheckInfo, rows: &[Row<'_>]) -> (String, bool) {
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut lines = vec![painted(
        BOLD,
        &format!("Identical against identical, {pairs} interleaved pairs"),
    )];
    let mut last = String::new();
    for row in rows {
        let name = of(row.part);
        if name != last {
            lines.push(String::new());
            lines.push(painted(BOLD, &name));
            lines.push(painted(
                DIM,
                &format!(
                    "  {:<14}{:>12}{:>16}{:>14}{:>14}",
                    "", "pairs vary", "visible change", "pairs to pass", "false alarms"
                ),
            ));
            last = name;
        }
        let needed = row
            .pairs_for_margin
            .map_or_else(|| "over 1,000".to_owned(), |pairs| pairs.to_string());
        lines.push(format!(
            "  {:<14}{:>12}{:>16}{:>14}{:>14}",
            title(row.finding),
            percent(row.between_pairs),
            percent(row.visible),
            needed,
            percent(row.false_alarms),
        ));
    }
    lines.push(String::new());
    lines.extend(wrapped(
        "Visible: found four times in five, significant and over delta. To pass: so many pairs \
         of identical builds pass four times in five. False alarms: of checks of these very \
         pairs, each turned round by a coin.",
        "",
    ));
    let blind = rows
        .iter()
        .filter(|row| row.finding.gated && row.visible > row.finding.margin);
    let blind: Vec<String> = blind
        .map(|row| format!("{} of {}", title(row.finding), of(row.part)))
        .collect();
    let margin = percent(check.rules.margin);
    let (style, told) = if blind.is_empty() {
        (
            BOLD,
            format!("A gate with a margin of {margin} makes sense here."),
        )
    } else {
        let told = format!(
            "Too noisy to gate at {margin} with {pairs} pairs ({}): give more --pairs, a wider --margin, a quieter machine, or --anyway.",
            blind.join(", ")
        );
        (WARN, told)
    };
    lines.extend(wrapped(&told, "").iter().map(|line| painted(style, line)));
    lines.extend(
        wrapped(&provenance(record), "")
            .iter()
            .map(|line| painted(DIM, line)),
    );
    (lines.join("\n") + "\n", blind.is_empty())
}
