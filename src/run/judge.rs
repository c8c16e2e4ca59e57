//! Whether a trial is to be believed: the generator's own figures, and the verdict.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::doubts::{self, Evidence};
use crate::load::Measured;
use crate::load::worker::Effort;
use crate::record::{GeneratorSide, KEPT_UP, Lag, Validity, Verdict};

/// A generator that is busy or waiting for a core for more than this share of the window is the limit.
const LIMIT_BUSY: f64 = 0.9;

/// The generator's own figures.
///
/// `planned` is how many requests an open loop had planned inside the window;
/// `memory_bytes` what this process had allocated at its end, for so many
/// `connections`.
pub(super) fn generator(
    measured: &Measured,
    planned: Option<u64>,
    memory_bytes: Option<u64>,
    connections: usize,
) -> GeneratorSide {
    let share = |of: &dyn Fn(&Effort) -> Duration| {
        let shares = measured
            .efforts
            .iter()
            .map(|effort| of(effort).as_secs_f64() / effort.elapsed.as_secs_f64());
        shares.filter(|share| share.is_finite()).fold(0.0, f64::max)
    };
    let cpu: f64 = measured
        .efforts
        .iter()
        .map(|effort| effort.cpu.as_secs_f64())
        .sum();
    let requests = measured.recorder.requests;
    let kept_busy = share(&|effort| effort.cpu + effort.run_delay) >= LIMIT_BUSY;
    // An open loop that kept up with its plan was not limited by whatever was busy.
    let kept_up = planned.is_some_and(|planned| requests as f64 >= KEPT_UP * planned as f64);
    let held_bytes = measured.recorder.held_bytes as f64;
    GeneratorSide {
        threads: measured.efforts.len(),
        cpu_us_per_request: (requests > 0).then(|| cpu * 1e6 / requests as f64),
        busy_fraction: share(&|effort| effort.cpu),
        run_delay_s: measured
            .efforts
            .iter()
            .map(|effort| effort.run_delay.as_secs_f64())
            .fold(0.0, f64::max),
        memory_bytes,
        memory_bytes_per_connection: (connections > 0).then(|| held_bytes / connections as f64),
        limited: kept_busy && !kept_up,
        lag_ns: planned
            .map(|_| lag(&measured.recorder.lag))
            .unwrap_or_default(),
    }
}

fn lag(lag: &Histogram<u64>) -> Lag {
    let at = |q| (!lag.is_empty()).then(|| lag.value_at_quantile(q));
    Lag {
        p50: at(0.5),
        p99: at(0.99),
        max: at(1.0),
    }
}

/// The verdict on a trial, with its reasons.
pub(super) fn validity(evidence: &Evidence<'_>) -> Validity {
    let found = doubts::ALL.iter().filter_map(|doubt| doubt(evidence));
    let (verdicts, reasons): (Vec<Verdict>, Vec<String>) = found.unzip();
    Validity {
        verdict: verdicts.into_iter().max().unwrap_or(Verdict::Valid),
        reasons,
    }
}
