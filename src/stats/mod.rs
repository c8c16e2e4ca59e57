//! Statistics: small pure functions.
//!
//! When you add a function, name the source of its formula and test it against
//! a table or a worked example.

mod anytime;
mod basic;
pub mod bets;
mod mser;
mod round;
pub mod signed_rank;
mod threshold;
mod trend;

pub use anytime::anytime_ratio;
pub use basic::{Ratio, at_quantile, jain, median, paired_ratio, range};
pub use mser::mser5;
pub use round::round_to_three_digits;
pub use signed_rank::{SignedRank, hodges_lehmann};
pub use threshold::Threshold;
pub use trend::{Trend, is_significant, theil_sen, trend};
