//! A server that holds each reply for 2 ms.

use crate::record::Mode;
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling, window};
use crate::selftest::servers::HOLD;

const HELD_US: f64 = 2000.0;
/// An idle virtual core of the generator needs up to 150 µs to wake up after the reply, and request
/// and reply pass both sockets in 25 µs each.
const TOLERANCE_US: f64 = 200.0;

/// See [the module documentation](self).
pub(super) struct FixedTime;

impl Check for FixedTime {
    fn name(&self) -> &'static str {
        "fixed-time"
    }

    fn about(&self) -> &'static str {
        "each reply is held for 2 ms: p50 of the service time"
    }

    fn concerns(&self) -> &'static str {
        "response and service times"
    }

    fn unit(&self) -> &'static str {
        "µs"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let load = calling(at_rate(Mode::Constant, 100.0, 1), "hold", "2000");
        vec![KnownTrial {
            server: &HOLD,
            load: window(load, length, 1500, 4000),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let p50 = |tried: &Tried| tried.trial.service_ns.p50;
        Reading {
            truth: HELD_US,
            measured: tried.first().and_then(p50).map(|ns| ns as f64 / 1e3),
            tolerance: TOLERANCE_US,
        }
    }
}
