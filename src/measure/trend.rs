//! The trend of a trial over its window: throughput in a closed loop, latency in an open loop.

use crate::load::Slice;
use crate::record::{LoadSpec, Trend, TrendMetric};
use crate::stats::{self, median};

/// Half of the slices need as many replies; with fewer a slice is no measurement.
const LEAST_REPLIES: f64 = 5.0;
/// A trend counts if throughput changes by at least this share of its median between the ends of
/// the window, …
const THROUGHPUT_CHANGE: f64 = 0.25;
/// … or latency by this one: a factor of two, with the median in the middle.
const LATENCY_CHANGE: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The trend over the slices of a window; `None` if they have too few replies.
pub(super) fn trend(load: &LoadSpec, slices: &[Slice]) -> Option<Trend> {
    let replies: Vec<f64> = slices.iter().map(|slice| slice.replies as f64).collect();
    let usual = median(&replies);
    if usual.is_nan() || usual < LEAST_REPLIES {
        return None;
    }
    // The load sets the throughput of an open loop; its latency may still change.
    let metric = match load.rate_rps {
        None => TrendMetric::Throughput,
        Some(_) => TrendMetric::Latency,
    };
    let value = |slice: &Slice| match metric {
        TrendMetric::Throughput => Some(slice.replies as f64 / usual),
        TrendMetric::Latency => {
            let mean = slice.latency_ns as f64 / slice.replies as f64;
            (mean > 0.0).then(|| mean.ln())
        }
    };
    let found = stats::trend(&slices.iter().map(value).collect::<Vec<_>>())?;
    Some(Trend {
        metric,
        change_share: match metric {
            TrendMetric::Throughput => found.change,
            // The ends are as far above as below the middle, as a ratio.
            TrendMetric::Latency => 2.0 * (found.change / 2.0).sinh(),
        },
        t: found.t,
        slices: found.kept,
    })
}

/// Whether chance hardly explains a trend, and it is large.
pub(super) fn counts(trend: &Trend) -> bool {
    let least = match trend.metric {
        TrendMetric::Throughput => THROUGHPUT_CHANGE,
        TrendMetric::Latency => LATENCY_CHANGE,
    };
    stats::is_significant(trend.t) && trend.change_share.abs() >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_loop() -> LoadSpec {
        LoadSpec {
            rate_rps: Some(1000.0),
            ..LoadSpec::default()
        }
    }

    /// Slices with this number of replies each, of this mean latency.
    fn slices(of: impl Fn(usize) -> (u64, u64)) -> Vec<Slice> {
        let slice = |at| {
            let (replies, mean_ns) = of(at);
            Slice {
                replies,
                latency_ns: replies * mean_ns,
            }
        };
        (0..50).map(slice).collect()
    }

    #[test]
    fn the_change_is_a_share_of_the_median() {
        let closed = LoadSpec::default();
        let rises = slices(|at| (1000 + 10 * at as u64, 1));
        let found = trend(&closed, &rises).unwrap();
        assert_eq!(found.metric, TrendMetric::Throughput);
        assert!((found.change_share - 490.0 / 1245.0).abs() < 1e-9);
        assert!(counts(&found) && found.metric.is_faster(found.change_share));
        let small = slices(|at| (1000 + 4 * at as u64, 1));
        assert!(!counts(&trend(&closed, &small).unwrap()));

        // The latency doubles, then falls by as much.
        let mean_ns = |at: usize| (1e6 * 2_f64.powf(at as f64 / 49.0)) as u64;
        let doubles = slices(|at| (20, mean_ns(at)));
        let found = trend(&open_loop(), &doubles).unwrap();
        assert!(
            (found.change_share - LATENCY_CHANGE).abs() < 1e-3,
            "{found:?}"
        );
        let more = slices(|at| (20, mean_ns(at).pow(2) / 1_000_000));
        let found = trend(&open_loop(), &more).unwrap();
        assert!(counts(&found) && !found.metric.is_faster(found.change_share));
        let falls = slices(|at| (20, mean_ns(98 - 2 * at)));
        assert!(trend(&open_loop(), &falls).unwrap().change_share < -1.0);
    }

    #[test]
    fn a_stall_neither_causes_nor_hides_a_trend() {
        let closed = LoadSpec::default();
        // 100 ms of 700 ms, at each place; noise of 4 %.
        for begin in 0..43 {
            let replies = |at: usize, rise: u64| match at {
                at if (begin..begin + 7).contains(&at) => 0,
                at => 1000 + 20 * (at as u64 * 7 % 5) + rise * at as u64,
            };
            let flat = trend(&closed, &slices(|at| (replies(at, 0), 1))).unwrap();
            assert!(flat.slices == 43 && !counts(&flat), "{begin}: {flat:?}");
            let rises = trend(&closed, &slices(|at| (replies(at, 15), 1))).unwrap();
            assert!(counts(&rises), "{begin}: {rises:?}");
            // In an open loop there is no latency during it, and a long one after it.
            let mean_ns = |at: usize, factor: f64| match at {
                at if at == begin + 7 => 50_000_000,
                at => (1e6 * factor.powf(at as f64)) as u64 + 20_000 * (at as u64 * 7 % 5),
            };
            let of = |factor| slices(|at| (replies(at, 0), mean_ns(at, factor)));
            let flat = trend(&open_loop(), &of(1.0)).unwrap();
            assert!(!counts(&flat), "{begin}: {flat:?}");
            assert!(counts(&trend(&open_loop(), &of(1.02)).unwrap()));
        }
    }

    #[test]
    fn few_replies_show_no_trend() {
        let closed = LoadSpec::default();
        assert_eq!(trend(&closed, &slices(|at| (at as u64 / 11, 1))), None);
        assert_eq!(trend(&closed, &[]), None);
    }
}
