//! The changes for a terminal: at most 80 columns and a bounded number of rows.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::markdown::FILE;
use crate::findings::Changes;
use crate::findings::changes_sentences::{RULE, TREND, notes, sides, title};
use crate::findings::changes_table::{HEAD, LoadRows, short_table};
use crate::report::terminal::{BOLD, DIM, painted, wrapped};
use crate::report::text::short;

const WIDTH: u16 = 80;

/// One section for each pair of records. It can contain ANSI styles.
pub fn text(changes: &[Changes<'_>]) -> String {
    let mut out: String = changes.iter().map(section).collect();
    if changes.iter().any(|changes| !changes.loads.is_empty()) {
        for line in wrapped(RULE, "") {
            out.push_str(&format!("{}\n", painted(DIM, &line)));
        }
        out.push('\n');
    }
    out
}

fn section(changes: &Changes<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let bold = |text: &str| {
        let lines = wrapped(text, "").into_iter();
        lines.map(|line| painted(BOLD, &line)).collect::<Vec<_>>()
    };
    lines.extend(bold(&title(changes)));
    lines.extend(wrapped(
        &format!("{} {}", TREND.join(" "), sides(changes)),
        "",
    ));
    lines.push(String::new());
    let short = short_table(changes);
    for load in &short.loads {
        lines.extend(bold(&load.heading));
        lines.extend(rows(load));
        lines.push(String::new());
    }
    if let Some(sentence) = short.leaves_out {
        lines.extend(wrapped(&format!("{sentence} {FILE} has all."), ""));
    }
    if changes.loads.is_empty() {
        lines.push("The records have no server under the same load.".to_owned());
    }
    lines.extend(notes(changes).iter().flat_map(|note| wrapped(note, "")));
    lines.join("\n") + "\n\n"
}

/// A server's name stands only in its first row.
fn rows(load: &LoadRows) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    let [_, figure, others @ ..] = HEAD;
    let head = ["", figure].into_iter().chain(others);
    table.set_header(head);
    let mut last = "";
    for row in &load.rows {
        let [server, values @ ..] = row;
        let name = if server == last {
            String::new()
        } else {
            short(server)
        };
        last = server;
        table.add_row([name].into_iter().chain(values.iter().cloned()));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (2..=4).contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().enumerate().map(|(at, line)| {
        let line = line.trim_end();
        if at == 0 {
            painted(DIM, line)
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}
