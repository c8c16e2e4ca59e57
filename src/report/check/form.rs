//! What a format of a check is.

use crate::record::{CheckInfo, Record};

/// A form of a check.
pub trait Form: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The file that it is in a folder of all.
    fn file(&self) -> &'static str;

    /// The whole output for a record's check.
    fn render(&self, record: &Record, check: &CheckInfo) -> String;
}
