//! The load generator's own figures in a trial.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::load::{Effort, Measured};
use crate::record::{GeneratorSide, Lag};

/// The generator is the limit if a thread of it runs or waits for a core for at least
/// this share of the window.
const LIMIT_BUSY: f64 = 0.9;

/// The generator's own figures.
///
/// `kept_up` is `None` in a closed loop; in an open loop it is true if the rate was not over
/// capacity and the load is not an overload. `memory_bytes` is the memory of this process at the
/// end of the window.
pub(crate) fn generator(
    measured: &Measured,
    kept_up: Option<bool>,
    memory_bytes: Option<u64>,
    connections: usize,
) -> GeneratorSide {
    let most = |efforts: &[Effort], of: fn(&Effort) -> Duration| {
        let shares = efforts
            .iter()
            .map(|effort| of(effort).as_secs_f64() / effort.elapsed.as_secs_f64());
        shares.filter(|share| share.is_finite()).fold(0.0, f64::max)
    };
    let cpu: f64 = measured
        .efforts
        .iter()
        .map(|effort| effort.used().as_secs_f64())
        .sum();
    let requests = measured.recorder.requests;
    // In an overload only the time until the rate falls counts.
    let is_busy = most(&measured.overload_efforts, |effort| {
        effort.used() + effort.run_delay
    }) >= LIMIT_BUSY;
    let held_bytes = measured.recorder.held_bytes as f64;
    GeneratorSide {
        threads: measured.efforts.len(),
        priority: Some(measured.priority),
        spins: Some(measured.spins),
        cpu_us_per_request: (requests > 0).then(|| cpu * 1e6 / requests as f64),
        busy_fraction: most(&measured.efforts, Effort::used),
        run_delay_s: measured
            .efforts
            .iter()
            .map(|effort| effort.run_delay.as_secs_f64())
            .fold(0.0, f64::max),
        memory_bytes,
        memory_bytes_per_connection: (connections > 0).then(|| held_bytes / connections as f64),
        // If an open loop kept up with its plan, a busy generator did not limit it.
        limited: is_busy && kept_up != Some(true),
        lag_ns: kept_up
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Recorder;
    use crate::load::Window;
    use crate::sys::Priority;

    /// A window of one second; for each thread of the generator its CPU time and its time waiting
    /// for a core.
    fn busy(cpu_and_delay_ms: &[(u64, u64)]) -> Measured {
        let window = Window {
            from_ns: 0,
            to_ns: 1_000_000_000,
        };
        let millis = Duration::from_millis;
        let effort = |(cpu, delay): &(u64, u64)| Effort {
            cpu: millis(*cpu),
            run_delay: millis(*delay),
            idle_spin: Duration::ZERO,
            elapsed: millis(1000),
        };
        Measured {
            recorder: Recorder::new(window),
            clients: Vec::new(),
            efforts: cpu_and_delay_ms.iter().map(effort).collect(),
            overload_efforts: cpu_and_delay_ms.iter().map(effort).collect(),
            priority: Priority::Normal,
            spins: false,
            connections: 1,
        }
    }

    #[test]
    fn a_generator_without_time_left_is_the_limit() {
        let limited =
            |efforts: &[(u64, u64)], kept_up| generator(&busy(efforts), kept_up, None, 1).limited;
        assert!(limited(&[(950, 0)], None), "one thread that is always busy");
        assert!(
            limited(&[(500, 450)], None),
            "one thread that runs or waits for a core"
        );
        assert!(
            limited(&[(300, 0), (950, 0)], None),
            "the busiest thread counts"
        );
        assert!(!limited(&[(800, 50)], None));
        // An open loop that kept up with its plan was not limited.
        assert!(!limited(&[(990, 0)], Some(true)));
        assert!(limited(&[(990, 0)], Some(false)));
    }

    #[test]
    fn polls_that_find_nothing_are_no_use_of_a_core() {
        let mut measured = busy(&[(1000, 0)]);
        measured.recorder.requests = 1000;
        measured.efforts[0].idle_spin = Duration::from_millis(700);
        measured.overload_efforts[0].idle_spin = Duration::from_millis(700);
        let side = generator(&measured, None, None, 1);
        assert!(!side.limited);
        assert!((side.busy_fraction - 0.3).abs() < 1e-9);
        assert!((side.cpu_us_per_request.unwrap() - 300.0).abs() < 1e-9);
    }

    #[test]
    fn an_overload_is_judged_by_the_time_before_the_rate_falls() {
        let mut measured = busy(&[(500, 0)]);
        measured.overload_efforts = busy(&[(950, 0)]).efforts;
        let side = generator(&measured, Some(false), None, 1);
        assert!(side.limited);
        assert_eq!(side.busy_fraction, 0.5, "over the whole window");
    }

    #[test]
    fn only_an_open_loop_has_a_scheduling_delay() {
        let mut measured = busy(&[(1, 0)]);
        measured.recorder.lag.record(5000).unwrap();
        let lag = |kept_up| generator(&measured, kept_up, None, 1).lag_ns;
        assert_eq!(lag(None), Lag::default());
        assert!(lag(Some(true)).p50.is_some());
    }
}
