//! Records as people and programs read them: pure functions, one file per format.
//!
//! Owns layout only; conclusions are made in `findings/`. To change: a new
//! format implements `Format` in a file of its own and is entered in [`ALL`].

pub mod chart;
pub mod check;
mod csv;
pub mod details;
pub mod files;
mod format;
mod hgrm;
mod hlog;
pub mod html;
mod json;
mod markdown;
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
pub static ALL: &[&dyn Format] = &[&text::Text, &json::Json, &csv::Csv, &markdown::Markdown];
