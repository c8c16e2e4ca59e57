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

/// The end of service and the time since arrival, in nanoseconds, of each request: one server, in
/// order of arrival, a fixed service time (Lindley, *The theory of queues with a single server*,
/// 1952).
pub(super) fn responses_ns(arrivals_ns: &[u64], service_ns: u64) -> Vec<(u64, u64)> {
    let mut free_ns = 0;
    let response = |arrival_ns: &u64| {
        free_ns = free_ns.max(*arrival_ns) + service_ns;
        (free_ns, free_ns - arrival_ns)
    };
    arrivals_ns.iter().map(response).collect()
}

/// The mean of the responses that end from `from_ns` until `to_ns`; `None` if there is none.
pub(super) fn mean_ns(responses: &[(u64, u64)], from_ns: u64, to_ns: u64) -> Option<f64> {
    let inside = responses
        .iter()
        .filter(|(end_ns, _)| (from_ns..to_ns).contains(end_ns));
    let (mut sum_ns, mut count) = (0.0, 0.0);
    for (_, response_ns) in inside {
        sum_ns += *response_ns as f64;
        count += 1.0;
    }
    (count > 0.0).then_some(sum_ns / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_builds_up_and_empties() {
        let responses = responses_ns(&[0, 0, 15, 50], 10);
        assert_eq!(responses, [(10, 10), (20, 20), (30, 15), (60, 10)]);
        assert_eq!(mean_ns(&responses, 0, 100), Some(13.75));
        assert_eq!(mean_ns(&responses, 25, 60), Some(15.0));
        assert_eq!(mean_ns(&responses, 61, 100), None);
    }
}
