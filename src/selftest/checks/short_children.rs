//! Child processes that live for 300 µs.

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::checks::spin_cpu::cpu_difference_us;
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling, window};
use crate::selftest::servers::CHILDREN;

const SPIN_US: f64 = 300.0;
/// The kernel reports the CPU time of ended children in ticks of 10 ms, user and system time
/// apart: up to 20 ms per trial, 20 µs per child. Fork, page faults and exit cost another 300 µs
/// per child, which differ between trials by up to a tenth, with the caches and the other core.
const TOLERANCE_US: f64 = 60.0;

/// See [the module documentation](self).
///
/// Each request has a child of its own, which has ended before the next reading of /proc: its CPU
/// time is known only from the process that reaped it. CPU per request of `spin 300` minus that of
/// `spin 0`, in the order of the trials of [`SpinCpu`](super::spin_cpu::SpinCpu).
pub(super) struct ShortChildren;

impl Check for ShortChildren {
    fn name(&self) -> &'static str {
        "short-children"
    }

    fn about(&self) -> &'static str {
        "a child of 300 µs per request: CPU per request minus that without work"
    }

    fn concerns(&self) -> &'static str {
        "CPU per request of servers whose processes end"
    }

    fn unit(&self) -> &'static str {
        "µs"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let load = |micros: &str| LoadSpec {
            requests_per_connection: Some(1),
            ..calling(at_rate(Mode::Constant, 800.0, 8), "spin", micros)
        };
        let trial = |micros: &str| KnownTrial {
            server: &CHILDREN,
            load: window(load(micros), length, 1250, 3000),
        };
        vec![trial("0"), trial("300"), trial("300"), trial("0")]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        Reading {
            truth: SPIN_US,
            measured: cpu_difference_us(tried, "0"),
            tolerance: TOLERANCE_US,
        }
    }
}
