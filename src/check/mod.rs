//! Compares a candidate with a baseline: verdicts from pairs of trials, and the
//! smallest change that the noise of a machine lets them show. Nothing here
//! measures or prints.

mod noise;
pub mod verdict;

pub use noise::noise;
pub use verdict::{Pair, Pairs, check};
