//! A server that sends one wrong reply in 10,000.

use super::dropped_replies::{faults, one_fault_per_second};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::servers::WRONG;

/// Counts have no error.
const TOLERANCE: f64 = 0.5;

/// See [the module documentation](self). The load is that of the dropped replies.
pub(super) struct WrongReplies;

impl Check for WrongReplies {
    fn name(&self) -> &'static str {
        "wrong-replies"
    }

    fn about(&self) -> &'static str {
        "one reply in 10,000 is wrong: wrong replies"
    }

    fn concerns(&self) -> &'static str {
        "counts of failures, and the requests that are served"
    }

    fn unit(&self) -> &'static str {
        "requests"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        vec![KnownTrial {
            server: &WRONG,
            load: one_fault_per_second(length),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        Reading {
            truth: tried.first().map_or(0.0, faults),
            measured: tried.first().map(|tried| tried.trial.errors.reply as f64),
            tolerance: TOLERANCE,
        }
    }
}
