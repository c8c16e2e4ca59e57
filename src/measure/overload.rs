//! Goodput and recovery time of an overload, from the series.

use crate::record::{Interval, Overload};

/// A system has caught up when its backlog is at most what the lower rate plans in this time.
const CAUGHT_UP_S: f64 = 0.1;
/// One in this number of later intervals may have a larger backlog, since one stall of the
/// machine is enough to cause it.
const OUTLIER_ONE_IN: usize = 5;

/// The load after an overload.
pub(crate) struct After {
    /// When the rate falls, in nanoseconds from the start of the window.
    pub(crate) falls_ns: u64,
    /// The rate after the fall, in requests per second.
    pub(crate) rate_rps: f64,
    /// Requests that can be in flight: connections times pipeline.
    pub(crate) places: usize,
}

impl After {
    /// A system that keeps up has fewer requests in progress than this: those on its connections,
    /// and those that wait for at most a tenth of a second.
    fn caught_up_limit(&self) -> f64 {
        CAUGHT_UP_S * self.rate_rps + self.places as f64
    }
}

/// The goodput until the rate falls, and the time at which the system had caught up: the end of
/// the first interval with a small backlog after which at most one interval in
/// [`OUTLIER_ONE_IN`] has a larger one.
///
/// Of the interval in which the rate falls, only the part before the fall counts.
///
/// The window is `whole_ns` long, each interval of the series but the last `step_ns`.
pub(crate) fn overload(
    series: &[Interval],
    (whole_ns, step_ns): (u64, u64),
    after: &After,
) -> Overload {
    let begin_ns = |at: usize| (at as u64 * step_ns).min(whole_ns);
    let falls_ns = after.falls_ns.clamp(1, whole_ns.max(1));
    let before = series.iter().enumerate().map(|(at, interval)| {
        let (begin_ns, end_ns) = (begin_ns(at), begin_ns(at + 1));
        let part_ns = falls_ns.clamp(begin_ns, end_ns) - begin_ns;
        interval.requests as f64 * part_ns as f64 / (end_ns - begin_ns).max(1) as f64
    });
    let goodput_rps = before.sum::<f64>() * 1e9 / falls_ns as f64;
    let is_small = |interval: &Interval| {
        let backlog = interval.under_way;
        backlog.is_some_and(|backlog| (backlog as f64) < after.caught_up_limit())
    };
    let stays_small = |at: usize| {
        let later = &series[at + 1..];
        let outliers = later.iter().filter(|later| !is_small(later)).count();
        is_small(&series[at]) && outliers * OUTLIER_ONE_IN <= later.len()
    };
    let caught_up =
        (0..series.len()).find(|at| begin_ns(at + 1) >= after.falls_ns && stays_small(*at));
    Overload {
        goodput_rps,
        recovered_s: caught_up.map(|at| (begin_ns(at + 1) - after.falls_ns) as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// The overload of a window of two seconds; `intervals` returns the replies and the requests
    /// in progress of each interval of 100 ms.
    fn overload_of(falls_ms: u64, intervals: impl Fn(u64) -> (u64, u64)) -> Overload {
        let series: Vec<Interval> = (0..20)
            .map(|at| {
                let (requests, under_way) = intervals(at);
                Interval {
                    t_s: at as f64 * 0.1,
                    requests,
                    p50: None,
                    p99: None,
                    max: None,
                    histogram: String::new(),
                    planned: None,
                    under_way: Some(under_way),
                }
            })
            .collect();
        let after = After {
            falls_ns: falls_ms * MS,
            rate_rps: 2000.0,
            places: 64,
        };
        overload(&series, (2000 * MS, 100 * MS), &after)
    }

    #[test]
    fn goodput_is_of_the_time_before_the_fall() {
        let rising = |at: u64| (10 * (at + 1), 0);
        // 10, 20, …, 100 replies.
        assert_eq!(overload_of(1000, rising).goodput_rps, 550.0);
        // Half of the second interval counts.
        assert_eq!(overload_of(150, rising).goodput_rps, 20.0 / 0.15);
        assert_eq!(overload_of(2000, rising).goodput_rps, 1050.0);
        assert_eq!(overload_of(9000, rising).goodput_rps, 1050.0);
        assert_eq!(overload_of(9000, rising).recovered_s, None);
    }

    #[test]
    fn it_has_caught_up_when_the_backlog_is_small_and_stays_small() {
        // The bound is 264 requests in progress. The rate falls at the end of interval 9.
        let recovered =
            |under_way: &dyn Fn(u64) -> u64| overload_of(1000, |at| (1, under_way(at))).recovered_s;
        assert_eq!(recovered(&|_| 263), Some(0.0), "it was never behind");
        assert_eq!(recovered(&|_| 264), None);
        assert_eq!(recovered(&|at| if at < 13 { 9000 } else { 100 }), Some(0.4));
        assert_eq!(recovered(&|at| if at < 19 { 9000 } else { 100 }), Some(1.0));
        // One later stall of the machine is allowed, …
        assert_eq!(
            recovered(&|at| if at < 13 || at == 16 { 9000 } else { 100 }),
            Some(0.4)
        );
        // … but two in six intervals are not: the backlog stays small only after the second.
        let twice = |at| {
            if at < 13 || at == 15 || at == 17 {
                9000
            } else {
                100
            }
        };
        assert_eq!(recovered(&twice), Some(0.9));
        // One interval with a small backlog is not a recovery.
        assert_eq!(recovered(&|at| if at == 12 { 0 } else { 9000 }), None);
    }

    #[test]
    fn a_fall_inside_an_interval_is_counted_from_there() {
        let overload = overload_of(1050, |at| (1, if at < 12 { 9000 } else { 0 }));
        assert_eq!(overload.recovered_s, Some(0.25));
    }
}
