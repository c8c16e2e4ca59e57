//! A check in the formats that CI systems and people read: one file per format.

pub mod benchmark;
pub mod calibration;
pub mod form;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod text;
pub mod verdict;

use form::Form;
use json::Json;

/// All formats; the first is the default.
pub static ALL: &[&dyn Form] = &[
    &text::Text,
    &markdown::Markdown,
    &html::Html,
    &junit::Junit,
    &benchmark::Bencher,
    &benchmark::Bigger,
    &benchmark::Smaller,
    &benchmark::Csv,
    &Json,
    &verdict::Word,
];
