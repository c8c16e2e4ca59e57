//! Formats of a record for people and programs: pure functions, one file per format.
//!
//! Only layout is done here; conclusions are made in `findings/`. To add a format,
//! implement `Format` in a new file and add it to [`ALL`].

pub mod changes;
pub mod chart;
pub mod check;
pub(crate) mod csv;
pub mod details;
pub mod files;
mod format;
mod hgrm;
mod hlog;
pub mod html;
mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub mod selftest;
pub mod terminal;
pub mod text;
pub mod torture;

pub use chart::data::{Axis, Chart, Kind, Look, Mark, Point, Scale, Series, Unit};
pub use chart::table::Table;
pub use check::form::Form;
pub use format::Format;
pub use html::page::Page;
pub use html::scenario_group::Source;

/// All formats; the first is the default.
pub static ALL: &[&dyn Format] = &[
    &text::Text,
    &json::Json,
    &csv::Csv,
    &markdown::Markdown,
    &junit::Junit,
];
