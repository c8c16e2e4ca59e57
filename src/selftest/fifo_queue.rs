//! The exact response times of a queue.

use super::known_trial::SEED;
use crate::load::{Mix, OpenLoop, Pacer, Schedule, Window};
use crate::record::{Arrivals, LoadSpec};

/// The planned times of an open loop, in nanoseconds since the load began, as the generator draws
/// them.
pub(super) fn planned_ns(load: &LoadSpec, rate_rps: f64) -> Vec<u64> {
    let schedule = Schedule {
        rate_rps,
        arrivals: load.arrivals().unwrap_or(Arrivals::Constant),
        seed: SEED,
        skew: load.skew,
        then: load.then,
    };
    let mut pacer = OpenLoop::new(
        schedule,
        Mix::default(),
        load.clients,
        window(load),
        0..load.clients,
    );
    let times = std::iter::from_fn(|| pacer.due(u64::MAX));
    times.map(|planned| planned.at_ns).collect()
}

/// The window of a load.
pub(super) fn window(load: &LoadSpec) -> Window {
    Window {
        from_ns: load.warmup.as_nanos() as u64,
        to_ns: (load.warmup + load.duration).as_nanos() as u64,
    }
}

/// The mean time from arrival to the end of service, in nanoseconds, of the arrivals that end in
/// the window or later: one server, in order of arrival, a fixed service time (Lindley, *The
/// theory of queues with a single server*, 1952).
pub(super) fn mean_response_ns(arrivals_ns: &[u64], service_ns: u64, window: Window) -> f64 {
    let mut free_ns = 0;
    let (mut sum_ns, mut count) = (0_u64, 0_u64);
    for arrival_ns in arrivals_ns {
        free_ns = free_ns.max(*arrival_ns) + service_ns;
        if free_ns >= window.from_ns {
            sum_ns += free_ns - arrival_ns;
            count += 1;
        }
    }
    sum_ns as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Window = Window {
        from_ns: 0,
        to_ns: u64::MAX,
    };

    #[test]
    fn a_queue_builds_up_and_empties() {
        // They end at 10, 20, 30 and 60.
        let arrivals = [0, 0, 15, 50];
        assert_eq!(
            mean_response_ns(&arrivals, 10, ALL),
            (10.0 + 20.0 + 15.0 + 10.0) / 4.0
        );
        let late = Window {
            from_ns: 25,
            to_ns: 100,
        };
        assert_eq!(mean_response_ns(&arrivals, 10, late), 12.5);
    }

    #[test]
    fn a_long_plan_waits_as_the_formula_says() {
        let mut random = fastrand::Rng::with_seed(1);
        let (service_ns, gap_ns) = (1000, 2000.0);
        let mut at = 0.0;
        let arrivals: Vec<u64> = std::iter::repeat_with(|| {
            at -= gap_ns * (1.0 - random.f64()).ln();
            at as u64
        })
        .take(1_000_000)
        .collect();
        // ρ = 0.5: the mean wait is ρS/(2(1−ρ)) = S/2.
        let response = mean_response_ns(&arrivals, service_ns, ALL);
        assert!((response - 1500.0).abs() < 15.0, "{response}");
    }
}
