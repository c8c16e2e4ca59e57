//! Charts as data, drawn as SVG, and as a table of the same figures for readers
//! who cannot see the picture.
//!
//! A page can restyle a drawing with CSS: `color` and `fill` of `svg.chart` (text,
//! axes and grid), `fill` of `.paper` (the background and the inside of hollow
//! markers), and `color` of `.series.c0` to `.c10`. The drawing uses presentation
//! attributes only, so any CSS rule overrides them.

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
