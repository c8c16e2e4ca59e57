//! Compares a candidate with a baseline: verdicts from pairs of trials, and the
//! smallest change that the noise of a machine lets them show. Nothing here
//! measures or prints.
//!
//! `pair` makes figures and failures of two trials; from these a record's pairs alone, `verdict`
//! decides: `evidence` for metrics, `reliability` for failures, `slow_starts` for tails. To change:
//! which metrics decide is in `gated`; how a check is shown is in `report/check/`.

mod evidence;
mod failures;
mod gated;
mod metric;
mod noise;
mod outcome;
mod pair;
mod part_pairs;
pub mod power;
mod reasons;
mod reliability;
mod slow_starts;
mod verdict;

pub use evidence::{Observation, Observations};
pub use failures::Failure;
pub use gated::{AdvisoryBefore, ComparedMetric, compared};
pub use noise::false_positives;
pub use outcome::overall;
pub use pair::{Side, load_pair};
pub use part_pairs::PartPairs;
pub use slow_starts::slow_starts;
pub use verdict::{decide, evaluate, gated};
