//! What a gate can see on this machine, from a build compared with itself or with other builds of the
//! same source.

use crate::findings::check_advice::PowerWords;
use crate::findings::check_sentences::{notes, of};
use crate::findings::check_table::{CheckRow, rows};
use crate::findings::check_words::percent;
use crate::findings::provenance::provenance;
use crate::findings::units::{some, span};
use crate::record::{CheckInfo, Finding, Outcome, Part, Record};
use crate::report::terminal::{BOLD, DIM, WARN, painted, wrapped};

/// What is compared with this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Itself.
    Itself,
    /// Other builds of the same source.
    OtherBuilds,
}

/// The share of checks of these pairs that would report a change by chance.
pub type FalsePositives<'a> = &'a dyn Fn(&Finding) -> f64;

/// What a calibration found.
#[derive(Debug)]
pub struct Calibration {
    /// It as text.
    pub text: String,
    /// Whether this machine is quiet enough for a gate with these margins.
    pub is_quiet: bool,
    /// Whether each part could be measured.
    pub is_complete: bool,
}

/// What a gate can see here.
pub fn calibration(
    record: &Record,
    check: &CheckInfo,
    compared: Compared,
    false_positives: FalsePositives<'_>,
) -> Calibration {
    let pairs = check.looks.last().map_or(0, |look| look.pairs);
    let what = match compared {
        Compared::Itself => "A build compared with itself",
        Compared::OtherBuilds => "This build compared with other builds of its source",
    };
    let time = check
        .took_s
        .map(|took_s| format!(" in {}", span(took_s.round())));
    let head = format!(
        "{what}: {}{}",
        some(pairs as u64, "interleaved pair"),
        time.unwrap_or_default()
    );
    let mut lines = vec![painted(BOLD, &head)];
    for part in &check.parts {
        lines.push(String::new());
        lines.extend(of_part(check, part, compared, false_positives));
    }
    if !check.parts.iter().any(has_result) {
        return Calibration {
            text: lines.join("\n") + "\n",
            is_quiet: false,
            is_complete: false,
        };
    }
    lines.push(String::new());
    lines.extend(wrapped(EXPLAINED, ""));
    let too_noisy: Vec<String> = check
        .parts
        .iter()
        .filter(|part| has_result(part))
        .flat_map(|part| {
            let rows = rows(check, part).into_iter().filter(is_too_noisy);
            rows.map(|row| format!("{} of {}", row.metric, of(part)))
        })
        .collect();
    let is_complete = check.parts.iter().all(has_result);
    let (style, conclusion) = conclusion(&too_noisy, is_complete, pairs);
    let conclusion = wrapped(&conclusion, "");
    lines.extend(conclusion.iter().map(|line| painted(style, line)));
    let source = wrapped(&provenance(record), "");
    lines.extend(source.iter().map(|line| painted(DIM, line)));
    Calibration {
        text: lines.join("\n") + "\n",
        is_quiet: too_noisy.is_empty() && is_complete,
        is_complete,
    }
}

const EXPLAINED: &str = "Spread: how much the ratios of the pairs vary. Visible: the smallest change \
                         that this number of pairs shows in four of five checks. To pass: the number of \
                         pairs with which identical builds pass in four of five checks. False: false positives, the share of \
                         checks that report a change where the two sides of each of these pairs are \
                         exchanged at random.";

/// Whether a part could be measured.
fn has_result(part: &Part) -> bool {
    let is_gated = |finding: &Finding| finding.gated;
    part.outcome != Outcome::Invalid && part.findings.iter().any(is_gated)
}

/// Whether the smallest visible change of a gated metric is over its margin.
fn is_too_noisy(row: &CheckRow<'_>) -> bool {
    let visible = row.finding.power.and_then(|power| power.visible);
    row.finding.gated && visible.is_none_or(|visible| visible > row.finding.margin)
}

fn conclusion(too_noisy: &[String], is_complete: bool, pairs: usize) -> (anstyle::Style, String) {
    if !too_noisy.is_empty() {
        let names = too_noisy.join(", ");
        let conclusion = format!(
            "Too noisy for the margins with {} ({names}). Fix: use more --pairs, a wider --margin or a quieter machine, or accept it with --anyway.",
            some(pairs as u64, "pair")
        );
        (WARN, conclusion)
    } else if is_complete {
        let conclusion = "This machine is quiet enough for a gate with these margins.";
        (BOLD, conclusion.to_owned())
    } else {
        let conclusion = "There is no conclusion for the servers without a result.";
        (WARN, conclusion.to_owned())
    }
}

fn of_part(
    check: &CheckInfo,
    part: &Part,
    compared: Compared,
    false_positives: FalsePositives<'_>,
) -> Vec<String> {
    let mut lines = vec![painted(BOLD, &of(part))];
    if !has_result(part) {
        let why = match part.reasons.as_slice() {
            [] => "no pair was measured".to_owned(),
            reasons => reasons.join("; "),
        };
        let why = wrapped(&format!("No result: {why}."), "  ");
        lines.extend(why.iter().map(|line| painted(WARN, line)));
        return lines;
    }
    let notes = notes(check, part);
    lines.extend(notes.iter().flat_map(|note| wrapped(note, "  ")));
    let head = columns(["", "spread", "visible", "margin", "to pass", "false"]);
    lines.push(painted(DIM, &head));
    for row in rows(check, part) {
        let Some(words) = PowerWords::of(check, row.finding) else {
            continue;
        };
        let margin = if row.finding.gated {
            percent(row.finding.margin)
        } else {
            "advisory".to_owned()
        };
        let share = percent(false_positives(row.finding));
        let values = [&row.metric, &words.spread, &words.visible, &margin];
        let [metric, spread, visible, margin] = values.map(String::as_str);
        lines.push(columns([
            metric,
            spread,
            visible,
            margin,
            &words.to_pass,
            &share,
        ]));
        if compared == Compared::OtherBuilds {
            let difference = format!("it differs: {} ({})", row.change, row.interval);
            lines.extend(wrapped(&difference, "    "));
        }
    }
    lines
}

fn columns([metric, spread, visible, margin, to_pass, false_positives]: [&str; 6]) -> String {
    let line = format!(
        "  {metric:<28}{spread:>8}{visible:>9}{margin:>10}{to_pass:>17}{false_positives:>6}"
    );
    line.trim_end().to_owned()
}
