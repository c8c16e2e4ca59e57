//! The self-test: measures servers of known behaviour and compares the figures with the truth.
//!
//! Owns the servers of known behaviour (`servers/`), the checks (`checks/`), and the rule by
//! which tries become a verdict. The measurement itself is the normal one. To add a check, add a
//! file to `checks/` and a line to its `ALL`; a server that it needs goes to `servers/`. A
//! tolerance bounds the error of the generator and the readings, not the noise of a machine, and
//! its constant says where it comes from.

mod bench;
mod check;
pub mod checks;
mod fifo_queue;
mod known_trial;
mod loads;
mod run;
pub mod servers;
mod verdict;

pub use bench::{Bench, Halt};
pub use check::{Check, Length, Reading};
pub use known_trial::{KnownTrial, Tried};
pub use run::{Results, Selftest, try_once};
pub use verdict::verdict;
