//! Styles and line lengths of a terminal.

use anstyle::{AnsiColor, Style};

/// Columns of a line.
pub(crate) const COLUMNS: usize = 80;
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();

pub(crate) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(crate) fn warned(text: &str, indent: &str) -> impl Iterator<Item = String> + use<> {
    wrapped(text, indent)
        .into_iter()
        .map(|line| painted(WARN, &line))
}

/// The text in lines of at most 80 columns. All lines after the first are indented by two more columns.
pub(crate) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let hanging = format!("{indent}  ");
    let options = textwrap::Options::new(COLUMNS)
        .initial_indent(indent)
        .subsequent_indent(&hanging);
    textwrap::wrap(text, options)
        .into_iter()
        .map(String::from)
        .collect()
}

/// The text in lines of at most this number of columns.
pub(crate) fn wrapped_to(text: &str, columns: usize) -> Vec<String> {
    let lines = textwrap::wrap(text, columns).into_iter();
    lines.map(String::from).collect()
}
