//! What a format is.

use crate::record::Record;

/// A way to show a record.
pub trait Format: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The whole output. Text may hold ANSI styles, which the terminal's side strips where they are not wanted.
    fn render(&self, record: &Record) -> String;
}
