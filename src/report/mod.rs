//! Records as people and programs read them: pure functions, one file a format.

pub mod chart;
pub mod check;
mod csv;
mod files;
mod full;
mod hgrm;
mod hlog;
mod json;
mod markdown;
pub mod page;
pub mod rank;
mod search;
pub mod summary;
mod text;
pub mod torture;
mod units;
pub mod words;

pub use files::files;

use crate::record::Record;

/// A way to show a record.
pub trait Format: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The whole output. Text may hold ANSI styles, which the terminal's side strips where they are not wanted.
    fn render(&self, record: &Record) -> String;
}

/// All formats; the first is the default.
pub static ALL: &[&dyn Format] = &[&text::Text, &json::Json, &csv::Csv, &markdown::Markdown];
