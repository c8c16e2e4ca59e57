//! How an overload went, from the series.

use crate::load::Window;
use crate::record::{Interval, Overload};

/// What may wait once it has caught up: what the lower rate plans in this time.
const CAUGHT_UP_S: f64 = 0.1;
/// One in so many of the intervals after that may show more again, since a stall of the
/// machine is enough for that.
const FORGIVEN: usize = 5;

/// The load after an overload.
pub(crate) struct After {
    /// When the rate falls, from the window's begin.
    pub(crate) falls_ns: u64,
    /// What it falls to.
    pub(crate) rate_rps: f64,
    /// Requests that can be in flight: connections times pipeline.
    pub(crate) places: usize,
}

impl After {
    /// Fewer under way than this are what a system has that keeps up: on its connections, and
    /// waiting for no longer than a tenth of a second.
    fn calm(&self) -> f64 {
        CAUGHT_UP_S * self.rate_rps + self.places as f64
    }
}

/// The goodput until the rate falls, and when the system had caught up: the end of the first
/// interval at which the requests under way are few, and of those after it at most one in
/// [`FORGIVEN`] has many again.
///
/// An interval in which the rate falls counts by its part before.
pub(crate) fn overload(series: &[Interval], window: Window, after: &After) -> Overload {
    let whole_ns = window.to_ns - window.from_ns;
    let step_ns = window.interval_ns();
    let begin_ns = |at: usize| (at as u64 * step_ns).min(whole_ns);
    let falls_ns = after.falls_ns.clamp(1, whole_ns.max(1));
    let before = series.iter().enumerate().map(|(at, interval)| {
        let (begin_ns, end_ns) = (begin_ns(at), begin_ns(at + 1));
        let part_ns = falls_ns.clamp(begin_ns, end_ns) - begin_ns;
        interval.requests as f64 * part_ns as f64 / (end_ns - begin_ns).max(1) as f64
    });
    let goodput_rps = before.sum::<f64>() * 1e9 / falls_ns as f64;
    let is_calm = |interval: &Interval| {
        let under_way = interval.under_way;
        under_way.is_some_and(|under_way| (under_way as f64) < after.calm())
    };
    let lasts = |at: usize| {
        let later = &series[at + 1..];
        let many = later.iter().filter(|later| !is_calm(later)).count();
        is_calm(&series[at]) && many * FORGIVEN <= later.len()
    };
    let caught_up = (0..series.len()).find(|at| begin_ns(at + 1) >= after.falls_ns && lasts(*at));
    Overload {
        goodput_rps,
        recovered_s: caught_up.map(|at| (begin_ns(at + 1) - after.falls_ns) as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Two seconds in intervals of 100 ms with so many replies and so many under way.
    fn shown(falls_ms: u64, intervals: impl Fn(u64) -> (u64, u64)) -> Overload {
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
        let window = Window {
            from_ns: 300 * MS,
            to_ns: 2300 * MS,
        };
        let after = After {
            falls_ns: falls_ms * MS,
            rate_rps: 2000.0,
            places: 64,
        };
        overload(&series, window, &after)
    }

    #[test]
    fn goodput_is_of_the_time_before_the_fall() {
        let calm = |at: u64| (10 * (at + 1), 0);
        // 10, 20, …, 100 replies.
        assert_eq!(shown(1000, calm).goodput_rps, 550.0);
        // Of the second interval a half.
        assert_eq!(shown(150, calm).goodput_rps, 20.0 / 0.15);
        assert_eq!(shown(2000, calm).goodput_rps, 1050.0);
        assert_eq!(shown(9000, calm).goodput_rps, 1050.0);
        assert_eq!(shown(9000, calm).recovered_s, None);
    }

    #[test]
    fn it_has_caught_up_when_few_are_under_way_and_stay_so() {
        // Under way at the ends; 264 are the bound. The rate falls after 1 s, at the end of number 9.
        let recovered =
            |under_way: &dyn Fn(u64) -> u64| shown(1000, |at| (1, under_way(at))).recovered_s;
        assert_eq!(recovered(&|_| 263), Some(0.0), "it was never behind");
        assert_eq!(recovered(&|_| 264), None);
        assert_eq!(recovered(&|at| if at < 13 { 9000 } else { 100 }), Some(0.4));
        assert_eq!(recovered(&|at| if at < 19 { 9000 } else { 100 }), Some(1.0));
        // A stall of the machine later on is forgiven once, …
        assert_eq!(
            recovered(&|at| if at < 13 || at == 16 { 9000 } else { 100 }),
            Some(0.4)
        );
        // … twice in six intervals it is not: it lasts from after the second on.
        let twice = |at| {
            if at < 13 || at == 15 || at == 17 {
                9000
            } else {
                100
            }
        };
        assert_eq!(recovered(&twice), Some(0.9));
        // One quiet moment is no recovery.
        assert_eq!(recovered(&|at| if at == 12 { 0 } else { 9000 }), None);
    }

    #[test]
    fn a_fall_inside_an_interval_is_counted_from_there() {
        let shown = shown(1050, |at| (1, if at < 12 { 9000 } else { 0 }));
        assert_eq!(shown.recovered_s, Some(0.25));
    }
}
