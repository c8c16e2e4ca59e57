//! Statistics: small pure functions.
//!
//! When you add a function, name the source of its formula and test it against
//! a table or a worked example.

mod anytime;
mod basic;
pub mod bets;
mod round;
pub mod signed_rank;
mod threshold;

pub use anytime::anytime_ratio;
pub use basic::{Ratio, at_quantile, jain, kendall_z, median, paired_ratio, range, theil_sen};
pub use round::round_to_three_digits;
pub use signed_rank::{SignedRank, hodges_lehmann};
pub use threshold::Threshold;
