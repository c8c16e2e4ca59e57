//! The interface of a format of a check.

use crate::record::{CheckInfo, Record};

/// A format of a check.
pub trait Form: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Its file name when all formats are written to a folder.
    fn file(&self) -> &'static str;

    /// The whole output for the check of a record.
    fn render(&self, record: &Record, check: &CheckInfo) -> String;
}
