//! The generators of a load that several made, for the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::findings::Summary;
use crate::findings::rank_table::rank_table;
use crate::report::terminal::{DIM, painted, wrapped};

/// The most characters of a host's name.
const HOST_CHARS: usize = 14;
/// The columns of text: all others are numbers.
const TEXT_COLUMNS: [usize; 2] = [1, 7];

/// A table of the ranks, after an empty line; nothing if one generator made the load.
pub(crate) fn ranks(summary: &Summary<'_>) -> Vec<String> {
    let Some(found) = rank_table(summary) else {
        return Vec::new();
    };
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(found.head);
    for mut row in found.rows {
        if row[1].chars().count() > HOST_CHARS {
            let kept = row[1].chars().take(HOST_CHARS - 1);
            row[1] = kept.chain(['…']).collect();
        }
        table.add_row(row);
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if !TEXT_COLUMNS.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = vec![String::new()];
    for (at, line) in table.lines().enumerate() {
        let line = format!("  {}", line.trim_end());
        lines.push(if at == 0 { painted(DIM, &line) } else { line });
    }
    let note = wrapped(&found.note, "  ");
    lines.extend(note.iter().map(|line| painted(DIM, line)));
    lines
}
