//! Candidate against baseline: pairs of trials become verdicts, and what a
//! machine's noise hides. Pure: nothing here measures or prints.

mod noise;
pub mod verdict;

pub use noise::noise;
pub use verdict::{Pair, Pairs, check};
