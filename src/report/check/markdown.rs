//! Markdown for a comment on a pull request, short enough for one screen.

use super::form::Form;
use crate::findings::assertions::worst;
use crate::findings::check_advice::advice;
use crate::findings::check_sentences::{compared, headline, notes, of};
use crate::findings::check_table::{legend, rows};
use crate::findings::provenance::provenance;
use crate::findings::warmup_sentences;
use crate::record::{AssertVerdict, CheckInfo, Outcome, Record};
use crate::report::markdown::asserted;

pub(crate) struct Markdown;

impl Form for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn file(&self) -> &'static str {
        "check.md"
    }

    fn render(&self, record: &Record, check: &CheckInfo) -> String {
        let (headline, is_bad) = headline(record, check);
        let is_violated = worst(&record.asserts) == Some(AssertVerdict::Violated);
        let mark = match is_bad {
            _ if is_violated || check.outcome == Outcome::Regressed => "❌",
            true => "⚠️",
            false => "✅",
        };
        let mut out = format!("### {mark} {headline}\n\n{}\n\n", compared(check));
        let is_one = check.parts.len() == 1;
        let line = |name: &str, text: &str| match is_one {
            true => format!("- {text}\n"),
            false => format!("- {name}: {text}\n"),
        };
        let said = |of_part: &dyn Fn(&crate::record::Part) -> Vec<String>| -> String {
            let parts = check.parts.iter();
            let lines = parts.flat_map(|part| {
                let name = of(part);
                let lines = of_part(part).into_iter();
                lines.map(move |text| (name.clone(), text))
            });
            lines.map(|(name, text)| line(&name, &text)).collect()
        };
        let notes = said(&|part| notes(check, part));
        if !notes.is_empty() {
            out.push_str(&format!("{notes}\n"));
        }
        if check.parts.iter().any(|part| !part.findings.is_empty()) {
            out.push_str(&table(check));
        }
        let advice = said(&|part| advice(check, part));
        if !advice.is_empty() {
            out.push_str(&format!("{advice}\n"));
        }
        for note in warmup_sentences::sentences(record) {
            out.push_str(&format!("- {note}\n\n"));
        }
        out.push_str(&asserted(record));
        out.push_str(&format!("<sub>{}</sub>\n\n", legend(check)));
        out.push_str(&format!("<sub>{}</sub>\n", provenance(record)));
        out
    }
}

/// Each metric of each part.
fn table(check: &CheckInfo) -> String {
    let mut out = "| | metric | before → after | change | interval | verdict | |\n\
                   |---|---|---:|---:|---|---|---|\n"
        .to_owned();
    for part in &check.parts {
        for row in rows(check, part) {
            out.push_str(&format!(
                "| {} | {} | {} → {} | {} | {} | {} | {} |\n",
                of(part).replace('|', "\\|"),
                row.metric,
                row.before,
                row.after,
                row.change,
                row.interval,
                row.verdict,
                row.meaning,
            ));
        }
    }
    out + "\n"
}
