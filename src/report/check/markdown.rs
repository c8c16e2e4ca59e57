//! Markdown for a comment on a pull request, short enough for one screen.

use super::form::Form;
use crate::findings::check_sentences::{change, notes, of, sentence, shows, title, word};
use crate::findings::provenance::provenance;
use crate::record::{CheckInfo, Outcome, Record};

pub(crate) struct Markdown;

impl Form for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn file(&self) -> &'static str {
        "check.md"
    }

    fn render(&self, record: &Record, check: &CheckInfo) -> String {
        let mark = match check.outcome {
            Outcome::Regressed => "❌",
            Outcome::Pass | Outcome::Improved => "✅",
            Outcome::Inconclusive | Outcome::Invalid => "⚠️",
        };
        let mut out = format!("### {mark} {}\n\n", sentence(check));
        out.push_str("| | metric | worse by | 95 % | verdict | |\n|---|---|---:|---|---|---|\n");
        for part in &check.parts {
            for finding in &part.findings {
                let (verdict, meaning) = if finding.gated {
                    (word(finding.outcome), shows(finding))
                } else {
                    ("advisory", String::new())
                };
                out.push_str(&format!(
                    "| {} | {} | {} | {} to {} | {verdict} | {meaning} |\n",
                    of(part).replace('|', "\\|"),
                    title(finding),
                    change(finding.worse),
                    change(finding.low),
                    change(finding.high),
                ));
            }
        }
        out.push('\n');
        for part in &check.parts {
            for note in notes(part) {
                out.push_str(&format!("- {}: {note}\n", of(part)));
            }
        }
        out.push_str(&format!("\n<sub>{}</sub>\n", provenance(record)));
        out
    }
}
