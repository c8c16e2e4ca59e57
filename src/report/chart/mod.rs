//! Charts as data, drawn as SVG, and as a table of the same figures for readers
//! who do not see the picture.
//!
//! A page restyles a drawing by `svg.chart` (its `color` and `fill` are those of
//! text, axes and grid), `.paper` (whose `fill` is the background and the inside
//! of hollow markers) and `.series.c0` to `.c6` (whose `color` is that of the
//! series). All are presentation attributes, so any CSS rule overrides them.

pub mod axis_labels;
pub mod data;
pub mod draw;
pub mod labels;
pub mod layers;
pub mod lines;
pub mod markup;
pub mod palette;
pub mod rows;
pub mod scale;
pub mod table;
