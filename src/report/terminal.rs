//! Styles and line lengths of a terminal.

use anstyle::{AnsiColor, Style};

const WIDTH: usize = 80;
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

/// Words in lines of at most 80 columns, all but the first a little further in.
pub(crate) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let further = format!("{indent}  ");
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(&further);
    textwrap::wrap(text, options)
        .into_iter()
        .map(String::from)
        .collect()
}
