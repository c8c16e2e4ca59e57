//! A queue with Poisson arrivals and a fixed service time: M/D/1.

use std::time::Duration;

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::fifo_queue;
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling, window};
use crate::selftest::servers::HOLD;

const SERVICE: Duration = Duration::from_millis(2);
/// The share of the time in which the server is busy.
const BUSY: f64 = 0.5;
/// The same at the light load.
const LIGHT: f64 = 0.05;
/// The mean delay of the generator, up to 150 µs for a core that sleeps, is in both loads. It
/// differs between them by less than 100 µs, since the core sleeps less at the higher rate: 10 % of
/// the mean wait.
const TOLERANCE: f64 = 0.1;

/// See [the module documentation](self).
///
/// The mean response time minus that at 5 % load, over the mean wait of the formula, ρS/(2(1−ρ)).
/// The truth is that of the plan that is drawn, computed for an ideal server: a few hundred
/// random arrivals differ from the formula by some 10 %.
pub(super) struct Md1;

impl Md1 {
    fn load(busy: f64) -> LoadSpec {
        let rate_rps = busy / SERVICE.as_secs_f64();
        let micros = SERVICE.as_micros().to_string();
        LoadSpec {
            warmup: Duration::from_millis(300),
            ..calling(at_rate(Mode::Poisson, rate_rps, 16), "hold", &micros)
        }
    }

    /// The mean wait of the formula, in nanoseconds.
    fn wait_ns() -> f64 {
        BUSY * SERVICE.as_nanos() as f64 / (2.0 * (1.0 - BUSY))
    }

    /// The mean response time of the plan of a trial with an ideal server.
    fn ideal_ns(load: &LoadSpec) -> f64 {
        let rate_rps = load.rate_rps.unwrap_or_default();
        let arrivals = fifo_queue::planned_ns(load, rate_rps);
        let service_ns = SERVICE.as_nanos() as u64;
        fifo_queue::mean_response_ns(&arrivals, service_ns, fifo_queue::window(load))
    }
}

impl Check for Md1 {
    fn name(&self) -> &'static str {
        "md1"
    }

    fn about(&self) -> &'static str {
        "2 ms of work at Poisson arrivals: wait over that of theory (M/D/1)"
    }

    fn concerns(&self) -> &'static str {
        "response times where requests queue"
    }

    fn unit(&self) -> &'static str {
        ""
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let trial = |busy| KnownTrial {
            server: &HOLD,
            load: window(Md1::load(busy), length, 2000, 6000),
        };
        vec![trial(BUSY), trial(LIGHT)]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let [busy, light] = tried else {
            return Reading {
                truth: 1.0,
                measured: None,
                tolerance: TOLERANCE,
            };
        };
        let mean = |tried: &Tried| tried.trial.latency_ns.mean;
        let ideal = |tried: &Tried| Md1::ideal_ns(&tried.known.load);
        let difference = mean(busy)
            .zip(mean(light))
            .map(|(busy, light)| busy - light);
        Reading {
            truth: (ideal(busy) - ideal(light)) / Md1::wait_ns(),
            measured: difference.map(|ns| ns / Md1::wait_ns()),
            tolerance: TOLERANCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_plan_agrees_with_the_formula() {
        let load = LoadSpec {
            duration: Duration::from_secs(2000),
            ..Md1::load(BUSY)
        };
        let wait_ns = Md1::ideal_ns(&load) - SERVICE.as_nanos() as f64;
        let ratio = wait_ns / Md1::wait_ns();
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }
}
