//! Statistics: small, pure, and tested against published values.
//!
//! To change: every function names the source of its formula and has a test
//! against a table or a worked example.

mod basic;
mod round;
pub mod signed_rank;

pub use basic::{Ratio, at_quantile, jain, kendall_z, median, paired_ratio, range, theil_sen};
pub use round::round_to_three_digits;
pub use signed_rank::{SignedRank, hodges_lehmann};
