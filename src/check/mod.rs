//! Compares a candidate with a baseline: verdicts from pairs of trials, and the
//! smallest change that the noise of a machine lets them show. Nothing here
//! measures or prints.
//!
//! To change: the rules of a verdict are in `verdict`; how a check is shown is in
//! `report/check/`.

mod noise;
pub mod verdict;

pub use noise::noise;
pub use verdict::{Pair, Pairs, check};
