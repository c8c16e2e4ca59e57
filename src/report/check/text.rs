//! Text for the terminal, with a small forest plot: each interval is a line, and the middle means no change.

use super::form::Form;
use crate::findings::check_sentences::{change, notes, of, sentence, shows, title, word};
use crate::findings::provenance::provenance;
use crate::record::{CheckInfo, Finding, Outcome, Record};
use crate::report::terminal::{BOLD, DIM, WARN, painted, wrapped};

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
        let style = match check.outcome {
            Outcome::Pass | Outcome::Improved => BOLD,
            _ => WARN.bold(),
        };
        let mut lines: Vec<String> = wrapped(&sentence(check), "")
            .iter()
            .map(|line| painted(style, line))
            .collect();
        for part in &check.parts {
            lines.push(String::new());
            let outcome = word(part.outcome);
            lines.push(painted(BOLD, &format!("{}: {outcome}", of(part))));
            let scale = format!("{:<18}{:<23}−30 %     0     +30 %", "", "worse by (95 %)");
            if !part.findings.is_empty() {
                lines.push(painted(DIM, &scale));
            }
            lines.extend(part.findings.iter().map(row));
            let gated = part.findings.iter().filter(|finding| finding.gated);
            for finding in gated {
                let sentence = format!("{}: {}", title(finding), shows(finding));
                lines.extend(wrapped(&sentence, "  "));
            }
            let notes = notes(part);
            lines.extend(notes.iter().flat_map(|note| wrapped(note, "  ")));
        }
        lines.push(String::new());
        lines.extend(
            wrapped(&provenance(record), "")
                .iter()
                .map(|line| painted(DIM, line)),
        );
        lines.join("\n") + "\n"
    }
}

fn row(finding: &Finding) -> String {
    let range = format!(
        "{} [{}, {}]",
        change(finding.worse),
        change(finding.low),
        change(finding.high)
    );
    let range = range.replace(" %,", ",").replace(" % [", " [");
    let name = title(finding);
    let outcome = if finding.gated {
        word(finding.outcome)
    } else {
        "advisory"
    };
    format!("  {name:<16}{range:<23}{}  {outcome}", plot(finding))
}

/// `──●──` on a scale of ±30 %. Values beyond the scale are clipped.
fn plot(finding: &Finding) -> String {
    let column = |worse: f64| {
        let share = ((worse - 1.0) / MAX_CHANGE).clamp(-1.0, 1.0);
        ((share + 1.0) / 2.0 * (WIDTH - 1) as f64).round() as usize
    };
    let (low, middle, high) = (
        column(finding.low),
        column(finding.worse),
        column(finding.high),
    );
    (0..WIDTH)
        .map(|at| match at {
            at if at == middle => '●',
            at if (low..=high).contains(&at) => '─',
            at if at == WIDTH / 2 => '┊',
            _ => ' ',
        })
        .collect()
}
