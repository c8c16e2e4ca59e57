//! The gaps of a Poisson plan, as the server receives the requests.

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::fifo_queue;
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, window};
use crate::selftest::servers::ARRIVALS;
use crate::stats::at_quantile;

const RATE_RPS: f64 = 500.0;
/// The share of the gaps whose error is compared. The others are the machine's interruptions.
const SHARE: f64 = 0.9;
/// Each end of a gap is late by at most 100 µs: the timer and the wake-up of a core.
const TOLERANCE_US: f64 = 200.0;

/// See [the module documentation](self).
///
/// The difference between each gap as planned and as received: 90 % are at most the measured one.
pub(super) struct ReceivedGaps;

impl Check for ReceivedGaps {
    fn name(&self) -> &'static str {
        "received-gaps"
    }

    fn about(&self) -> &'static str {
        "gaps as planned and as the server receives them: p90 of the difference"
    }

    fn concerns(&self) -> &'static str {
        "whether requests are sent when they are planned"
    }

    fn unit(&self) -> &'static str {
        "µs"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let load = LoadSpec {
            // No request waits for its connection.
            pipeline: 64,
            ..at_rate(Mode::Poisson, RATE_RPS, 1)
        };
        vec![KnownTrial {
            server: &ARRIVALS,
            load: window(load, length, 1500, 4000),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        Reading {
            truth: 0.0,
            measured: tried.first().and_then(error_us),
            tolerance: TOLERANCE_US,
        }
    }
}

/// The error of the gaps in the window, in microseconds; `None` if requests are missing.
fn error_us(tried: &Tried) -> Option<f64> {
    let load = &tried.known.load;
    let planned = fifo_queue::planned_ns(load, RATE_RPS);
    let received = &tried.arrivals_ns;
    if planned.len() != received.len() {
        return None;
    }
    let from_ns = fifo_queue::window(load).from_ns;
    let pairs = planned.windows(2).zip(received.windows(2));
    // Until the window begins, requests may wait for the connect.
    let pairs = pairs.filter(|(planned, _)| planned[0] >= from_ns);
    let errors = pairs.map(|(planned, received)| {
        let (planned_ns, received_ns) = (planned[1] - planned[0], received[1] - received[0]);
        planned_ns.abs_diff(received_ns)
    });
    let mut errors: Vec<u64> = errors.collect();
    errors.sort_unstable();
    at_quantile(&errors, SHARE).map(|ns| ns as f64 / 1e3)
}
