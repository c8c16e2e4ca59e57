//! A server that never sends one reply in 10,000.

use std::time::Duration;

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, window};
use crate::selftest::servers::{DROPS, EVERY};

/// A client waits this long for a reply.
const TIMEOUT: Duration = Duration::from_millis(200);
/// Counts have no error.
const TOLERANCE: f64 = 0.5;

/// See [the module documentation](self).
///
/// The rate is 10,000/s, so the server drops a reply per second, 500 ms after the load began and in
/// each second that follows. Each is seen 200 ms later: the first before the window.
pub(super) struct DroppedReplies;

impl Check for DroppedReplies {
    fn name(&self) -> &'static str {
        "dropped-replies"
    }

    fn about(&self) -> &'static str {
        "one reply in 10,000 is not sent: requests without a reply"
    }

    fn concerns(&self) -> &'static str {
        "counts of failures, and the requests that are served"
    }

    fn unit(&self) -> &'static str {
        "requests"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        vec![KnownTrial {
            server: &DROPS,
            load: one_fault_per_second(length),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let missing = |tried: &Tried| tried.trial.errors.timeout + tried.trial.unanswered;
        Reading {
            truth: tried.first().map_or(0.0, faults),
            measured: tried.first().map(|tried| missing(tried) as f64),
            tolerance: TOLERANCE,
        }
    }
}

/// The load in which a server with a fault in each 10,000th reply has one per second.
pub(super) fn one_fault_per_second(length: Length) -> LoadSpec {
    let load = LoadSpec {
        timeout: TIMEOUT,
        warmup: Duration::from_millis(850),
        ..at_rate(Mode::Constant, EVERY as f64, 16)
    };
    window(load, length, 2000, 6000)
}

/// The faults in the window of a trial.
pub(super) fn faults(tried: &Tried) -> f64 {
    tried.known.load.duration.as_secs_f64().round()
}
