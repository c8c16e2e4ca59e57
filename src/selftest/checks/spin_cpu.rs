//! A handler that uses 50 µs of CPU time.

use crate::record::Mode;
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling, window};
use crate::selftest::servers::PLAIN;
use crate::stats::median;

const SPIN_US: f64 = 50.0;
/// The handler reads its clock some 1 µs after the time is used up. The cost of a request around
/// the handler differs by up to 3 µs with the number of requests that the loop finds at a time.
const TOLERANCE_US: f64 = 5.0;

/// See [the module documentation](self).
///
/// CPU per request of `spin 50` minus that of `spin 0`, both at one rate, so that what a request
/// costs besides the handler is on both sides. The four trials are in an order that cancels a
/// drift of the machine.
pub(super) struct SpinCpu;

impl Check for SpinCpu {
    fn name(&self) -> &'static str {
        "spin-cpu"
    }

    fn about(&self) -> &'static str {
        "50 µs of CPU per request: CPU per request minus that without"
    }

    fn concerns(&self) -> &'static str {
        "CPU per request"
    }

    fn unit(&self) -> &'static str {
        "µs"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let trial = |micros: &str| KnownTrial {
            server: &PLAIN,
            load: window(
                calling(at_rate(Mode::Constant, 2000.0, 4), "spin", micros),
                length,
                500,
                1500,
            ),
        };
        vec![trial("0"), trial("50"), trial("50"), trial("0")]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        Reading {
            truth: SPIN_US,
            measured: cpu_difference_us(tried, "0"),
            tolerance: TOLERANCE_US,
        }
    }
}

/// CPU per request of the trials with work minus that of the trials with these params, which are
/// without.
pub(super) fn cpu_difference_us(tried: &[Tried], without: &str) -> Option<f64> {
    let mut cpu = [Vec::new(), Vec::new()];
    for tried in tried {
        let is_without = tried.known.load.params.as_deref() == Some(without);
        cpu[usize::from(is_without)].push(tried.trial.server.cpu_us_per_request?);
    }
    let [with, without] = cpu.map(|values| median(&values));
    Some(with - without).filter(|difference| difference.is_finite())
}
