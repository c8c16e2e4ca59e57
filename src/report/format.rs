//! The interface of a format.

use crate::record::Record;

/// A format in which a record is shown.
pub trait Format: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The whole output. Text can contain ANSI styles; the caller strips them if the output is not a terminal.
    fn render(&self, record: &Record) -> String;
}
