//! A queue with Poisson arrivals and a fixed service time: M/D/1.

use std::time::Duration;

use crate::record::histogram::decode;
use crate::record::{Interval, LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::fifo_queue;
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, calling};
use crate::selftest::servers::HOLD;

const SERVICE: Duration = Duration::from_millis(2);
/// The share of the time in which the server is busy.
const BUSY: f64 = 0.5;
/// The same at the light load.
const LIGHT: f64 = 0.05;
/// The mean delay of the generator, up to 150 µs for a core that sleeps, is in both loads, but the
/// core sleeps less at the higher rate: they may differ by all of it, 15 % of the mean wait.
const TOLERANCE: f64 = 0.15;

/// Pairs of trials in a full self-test. A longer window would have longer intervals.
const FULL_PAIRS: usize = 3;

/// See [the module documentation](self).
///
/// The mean response time minus that at 5 % load, over the mean wait of the formula, ρS/(2(1−ρ)).
/// The truth is that of the plan that is drawn, with an ideal server: a few hundred random
/// arrivals differ from the formula by a tenth and more. (That of infinite plans is 0.947, as
/// requests wait at 5 % load too.) The measured value is that truth plus the
/// error, which is the lower quartile over intervals of 100 ms: what interrupts the server delays
/// all that wait, in some intervals and never the other way, while an error of the generator is in
/// each.
pub(super) struct Md1;

impl Md1 {
    fn load(busy: f64) -> LoadSpec {
        let rate_rps = busy / SERVICE.as_secs_f64();
        let micros = SERVICE.as_micros().to_string();
        LoadSpec {
            warmup: Duration::from_millis(300),
            duration: Duration::from_secs(2),
            ..calling(at_rate(Mode::Poisson, rate_rps, 16), "hold", &micros)
        }
    }

    /// The mean wait of the formula, in nanoseconds.
    fn wait_ns() -> f64 {
        BUSY * SERVICE.as_nanos() as f64 / (2.0 * (1.0 - BUSY))
    }

    /// The responses of the plan of a load with an ideal server.
    fn ideal(load: &LoadSpec) -> Vec<(u64, u64)> {
        let arrivals = fifo_queue::planned_ns(load, load.rate_rps.unwrap_or_default());
        fifo_queue::responses_ns(&arrivals, SERVICE.as_nanos() as u64)
    }

    /// The mean response time of the plan of a load with an ideal server.
    fn ideal_ns(load: &LoadSpec) -> f64 {
        let window = fifo_queue::window(load);
        let mean_ns = fifo_queue::mean_ns(&Md1::ideal(load), window.from_ns, window.to_ns);
        mean_ns.unwrap_or_default()
    }
}

/// By how much the mean response times in the intervals of a trial exceed the ideal ones.
fn excesses_ns(tried: &Tried) -> Vec<f64> {
    let load = &tried.known.load;
    let ideal = Md1::ideal(load);
    let window = fifo_queue::window(load);
    let series = &tried.trial.series;
    let at_ns = |interval: usize| {
        let share = interval as f64 / series.len() as f64;
        window.from_ns + (share * (window.to_ns - window.from_ns) as f64).round() as u64
    };
    let excess = |(at, interval): (usize, &Interval)| {
        let mean_ns = decode(&interval.histogram)?.mean();
        let ideal_ns = fifo_queue::mean_ns(&ideal, at_ns(at), at_ns(at + 1))?;
        Some(mean_ns - ideal_ns)
    };
    series.iter().enumerate().filter_map(excess).collect()
}

/// The value at a quarter of these; NaN for none.
fn lower_quartile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 4).copied().unwrap_or(f64::NAN)
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
            load: Md1::load(busy),
        };
        let pairs = match length {
            Length::Quick => 1,
            Length::Full => FULL_PAIRS,
        };
        (0..pairs)
            .flat_map(|_| [trial(BUSY), trial(LIGHT)])
            .collect()
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let (busy, light) = (Md1::load(BUSY), Md1::load(LIGHT));
        let truth = (Md1::ideal_ns(&busy) - Md1::ideal_ns(&light)) / Md1::wait_ns();
        let excess_ns = |load: &LoadSpec| {
            let trials = tried.iter().filter(|tried| tried.known.load == *load);
            lower_quartile(trials.flat_map(excesses_ns).collect())
        };
        let error = (excess_ns(&busy) - excess_ns(&light)) / Md1::wait_ns();
        Reading {
            truth,
            measured: Some(truth + error).filter(|measured| measured.is_finite()),
            tolerance: TOLERANCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_the_seed_is_a_typical_one() {
        let truth = Md1.judge(&[]).truth;
        let waits = |busy: f64| busy / (2.0 * (1.0 - busy));
        let theory = 1.0 - waits(LIGHT) / waits(BUSY);
        assert!((truth - theory).abs() < 0.005, "{truth} {theory}");
    }

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
