//! The noise of a machine, from a build compared with itself.

use crate::findings::check_sentences::{of, title};
use crate::findings::provenance::provenance;
use crate::record::{CheckInfo, Finding, Part, Record};
use crate::report::terminal::{BOLD, DIM, WARN, painted, wrapped};

/// The noise of one metric of one part.
#[derive(Debug)]
pub struct Row<'a> {
    /// The part.
    pub part: &'a Part,
    /// The finding for the metric.
    pub finding: &'a Finding,
    /// The smallest change that four of five checks detect, as a share.
    pub visible: f64,
    /// The variation between pairs, as a share.
    pub between_pairs: f64,
    /// Pairs needed so that identical builds pass; `None` if too many.
    pub pairs_for_margin: Option<usize>,
    /// The share of checks that report a change when the two sides of each pair are swapped at random.
    pub false_alarms: f64,
}

/// The text, and whether this machine is quiet enough for a gate with this margin.
pub fn calibration(record: &Record, check: &CheckInfo, rows: &[Row<'_>]) -> (String, bool) {
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut lines = vec![painted(
        BOLD,
        &format!("A build compared with itself, {pairs} interleaved pairs"),
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
                    "  {:<16}{:>12}{:>16}{:>14}{:>16}",
                    "", "pair spread", "visible change", "pairs to pass", "false positives"
                ),
            ));
            last = name;
        }
        let needed = row
            .pairs_for_margin
            .map_or_else(|| "over 1,000".to_owned(), |pairs| pairs.to_string());
        lines.push(format!(
            "  {:<16}{:>12}{:>16}{:>14}{:>16}",
            title(row.finding),
            percent(row.between_pairs),
            percent(row.visible),
            needed,
            percent(row.false_alarms),
        ));
    }
    let without: Vec<&Part> = check
        .parts
        .iter()
        .filter(|part| part.findings.is_empty())
        .collect();
    for part in &without {
        let why = match part.reasons.as_slice() {
            [] => "no pair was measured".to_owned(),
            reasons => reasons.join("; "),
        };
        let sentence = format!("{}: no result: {why}.", of(part));
        lines.push(String::new());
        lines.extend(
            wrapped(&sentence, "")
                .iter()
                .map(|line| painted(WARN, line)),
        );
    }
    if rows.is_empty() {
        return (lines.join("\n") + "\n", false);
    }
    lines.push(String::new());
    lines.extend(wrapped(
        "Visible change: the smallest change that is significant and over delta in four of five \
         checks. Pairs to pass: with this number of pairs, identical builds pass in four of five \
         checks. False positives: the share of checks that report a change when the two sides of \
         each of these pairs are swapped at random.",
        "",
    ));
    let too_noisy = rows
        .iter()
        .filter(|row| row.finding.gated && row.visible > row.finding.margin);
    let too_noisy: Vec<String> = too_noisy
        .map(|row| format!("{} of {}", title(row.finding), of(row.part)))
        .collect();
    let margin = percent(check.rules.margin);
    let (style, conclusion) = if too_noisy.is_empty() && !without.is_empty() {
        let conclusion = "There is no conclusion for the servers without a result.";
        (WARN, conclusion.to_owned())
    } else if too_noisy.is_empty() {
        (
            BOLD,
            format!("This machine is quiet enough for a gate with a margin of {margin}."),
        )
    } else {
        let conclusion = format!(
            "Too noisy to gate at {margin} with {pairs} pairs ({}). Fix: use more --pairs, a wider --margin or a quieter machine, or accept it with --anyway.",
            too_noisy.join(", ")
        );
        (WARN, conclusion)
    };
    lines.extend(
        wrapped(&conclusion, "")
            .iter()
            .map(|line| painted(style, line)),
    );
    lines.extend(
        wrapped(&provenance(record), "")
            .iter()
            .map(|line| painted(DIM, line)),
    );
    let fit = too_noisy.is_empty() && without.is_empty();
    (lines.join("\n") + "\n", fit)
}
