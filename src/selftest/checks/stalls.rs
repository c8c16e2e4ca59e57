//! A server that stalls for 100 ms in each second.

use std::time::Duration;

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, window};
use crate::selftest::servers::{STALL, STALL_EVERY, STALLS};

/// The share of the requests whose response time is longer than the quantile.
const BEYOND: f64 = 0.05;
/// The quantile moves by 1 ms per request at either end of the stall, and the 100 requests that
/// waited are sent and answered in 2 ms.
const TOLERANCE_MS: f64 = 4.0;

/// See [the module documentation](self).
///
/// A request that is planned during the stall waits for its end. Of the planned requests,
/// 100 ms/1 s wait, evenly from 0 to 100 ms; 5 % wait longer than 50 ms. A generator that plans
/// the next request after the reply sees one slow request per client and stall instead
/// (coordinated omission).
pub(super) struct Stalls;

impl Check for Stalls {
    fn name(&self) -> &'static str {
        "stalls"
    }

    fn about(&self) -> &'static str {
        "100 ms of each second is a stall: p95 of the response time"
    }

    fn concerns(&self) -> &'static str {
        "the upper quantiles of the response time"
    }

    fn unit(&self) -> &'static str {
        "ms"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let load = LoadSpec {
            // The window begins and ends halfway between two stalls.
            warmup: Duration::from_millis(750),
            ..at_rate(Mode::Constant, 1000.0, 16)
        };
        vec![KnownTrial {
            server: &STALLS,
            load: window(load, length, 2000, 5000),
        }]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let p95 = |tried: &Tried| tried.trial.latency_ns.p95;
        let stall_ms = STALL.as_secs_f64() * 1e3;
        Reading {
            truth: stall_ms - BEYOND * STALL_EVERY.as_secs_f64() * 1e3,
            measured: tried.first().and_then(p95).map(|ns| ns as f64 / 1e6),
            tolerance: TOLERANCE_MS,
        }
    }
}
