//! The changes as Markdown, for a pull request or a log of results.

use crate::findings::Changes;
use crate::findings::changes_sentences::{RULE, TREND, notes, sides, title};
use crate::findings::changes_table::{HEAD, LoadRows, table};

/// The name of the file.
pub(crate) const FILE: &str = "changes.md";
const HEADING: &str = "# What changed from ";

/// Whether a report wrote this text of a file.
pub(crate) fn is_own(text: &str) -> bool {
    text.starts_with(HEADING)
}

/// One section for each pair of records.
pub fn markdown(changes: &[Changes<'_>]) -> String {
    let sections: Vec<String> = changes.iter().map(section).collect();
    let mut out = sections.join("\n");
    if changes.iter().any(|changes| !changes.loads.is_empty()) {
        out.push_str(&format!("\n{RULE}\n"));
    }
    out
}

fn section(changes: &Changes<'_>) -> String {
    let [before, command, after] = TREND;
    let mut out = format!(
        "# {}\n\n**{before} `{command}` {after}** {}\n",
        escaped(&title(changes)),
        escaped(&sides(changes))
    );
    for load in table(changes) {
        out.push_str(&format!(
            "\n**{}**\n\n{}",
            escaped(&load.heading),
            rows(&load)
        ));
    }
    if changes.loads.is_empty() {
        out.push_str("\nThe records have no server under the same load.\n");
    }
    out.push('\n');
    for note in notes(changes) {
        out.push_str(&format!("- {}\n", escaped(&note)));
    }
    out
}

/// Server and figure are text, the others are figures.
fn rows(load: &LoadRows) -> String {
    let mut out = format!("| {} |\n|---|---|", HEAD.join(" | "));
    out.push_str(&"---:|".repeat(HEAD.len() - 2));
    out.push('\n');
    for row in &load.rows {
        out.push_str(&format!(
            "| {} |\n",
            row.clone().map(|text| escaped(&text)).join(" | ")
        ));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
