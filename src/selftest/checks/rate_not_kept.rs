//! A server that is offered twice the rate that it can serve.

use crate::record::Mode;
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling, window};
use crate::selftest::servers::HOLD;

/// It holds each reply for 5 ms, one after the other.
const CAPACITY_RPS: f64 = 200.0;
/// One reply at either end of the window, and interruptions of the server for 20 ms.
const TOLERANCE_RPS: f64 = 5.0;

/// See [the module documentation](self).
///
/// The measured throughput counts only if the trial says that the rate was over the capacity.
pub(super) struct RateNotKept;

impl Check for RateNotKept {
    fn name(&self) -> &'static str {
        "rate-not-kept"
    }

    fn about(&self) -> &'static str {
        "twice the rate that can be served: throughput, said to be over capacity"
    }

    fn concerns(&self) -> &'static str {
        "throughput, and whether a rate was reached"
    }

    fn unit(&self) -> &'static str {
        "/s"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let load = calling(
            at_rate(Mode::Constant, 2.0 * CAPACITY_RPS, 8),
            "hold",
            "5000",
        );
        vec![KnownTrial {
            server: &HOLD,
            load: window(load, length, 1500, 4000),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let trial = tried.first().map(|tried| &tried.trial);
        let trial = trial.filter(|trial| trial.over_capacity());
        Reading {
            truth: CAPACITY_RPS,
            measured: trial.map(|trial| trial.throughput_rps),
            tolerance: TOLERANCE_RPS,
        }
    }
}
