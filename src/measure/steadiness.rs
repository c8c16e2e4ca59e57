//! When a server has become steady under a load, from the replies in each slice of its pilot.

use std::time::Duration;

use crate::load::Slice;
use crate::stats::{is_significant, median, mser5, trend};

/// The length of a slice.
pub(super) const SLICE: Duration = Duration::from_millis(20);
/// The fewest slices that can show that a server is steady.
const LEAST_SLICES: usize = 50;
/// Steadiness is clear if at most one part in this number of the time is left out …
const CLEAR_PART: usize = 4;
/// … and the throughput of the rest changes by at most this share, with 95 % confidence.
const MOST_CHANGE: f64 = 0.15;

/// What the slices of a pilot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steadiness {
    /// When throughput and latency became steady, since the load began; at most half of the time.
    pub(super) after: Duration,
    /// Whether they became steady in the first half of the time, as far as the rest shows.
    pub(super) is_steady: bool,
    /// Whether more time would hardly change it.
    pub(super) is_clear: bool,
}

/// What these slices show; `None` if they are too few.
pub(super) fn steadiness(slices: &[Slice]) -> Option<Steadiness> {
    let replies: Vec<f64> = slices.iter().map(|slice| slice.replies as f64).collect();
    let by_throughput = mser5(&replies)?;
    let by_latency = mser5(&latencies(slices)).unwrap_or(0);
    let left_out = by_throughput.max(by_latency);
    let has_replies = slices.iter().any(|slice| slice.replies > 0);
    // A rule that leaves out whole batches cannot leave out more than this.
    let most = slices.len() / 10 * 5;
    let rest = change(&replies[left_out..]);
    let is_steady = has_replies && !rest.is_large && (left_out < most || rest.is_small);
    Some(Steadiness {
        after: SLICE * u32::try_from(left_out).unwrap_or(u32::MAX),
        is_steady,
        is_clear: is_steady
            && slices.len() >= LEAST_SLICES
            && left_out * CLEAR_PART <= slices.len()
            && rest.is_small,
    })
}

/// The linear change of throughput over some slices.
struct Change {
    /// It is over [`MOST_CHANGE`], and chance hardly explains it.
    is_large: bool,
    /// It is at most [`MOST_CHANGE`], with 95 % confidence.
    is_small: bool,
}

/// The change over these slices; neither large nor small if they are too few.
fn change(replies: &[f64]) -> Change {
    let usual = median(replies);
    let relative: Vec<Option<f64>> = replies.iter().map(|one| Some(one / usual)).collect();
    let found = trend(&relative).filter(|_| usual > 0.0);
    let (size, error, t) = found.map_or((0.0, f64::INFINITY, 0.0), |found| {
        (found.change.abs(), found.error, found.t)
    });
    Change {
        is_large: size > MOST_CHANGE && is_significant(t),
        is_small: size + 2.0 * error <= MOST_CHANGE,
    }
}

/// The mean latency of each slice; in one without replies, that of the slice before, in the first
/// ones that of the next.
fn latencies(slices: &[Slice]) -> Vec<f64> {
    let mean =
        |slice: &Slice| (slice.replies > 0).then(|| slice.latency_ns as f64 / slice.replies as f64);
    let Some(mut last) = slices.iter().find_map(mean) else {
        return Vec::new();
    };
    let known = slices.iter().map(|slice| {
        last = mean(slice).unwrap_or(last);
        last
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of a server whose throughput, and with it the latency of 16 clients, is reduced by
    /// `lack` at the begin and rises to its level within `warm_slices`.
    fn slices(count: usize, warm_slices: usize, lack: f64, seed: u64) -> Vec<Slice> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut noise = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let slice = |at: usize| {
            let transient = (1.0 - at as f64 / warm_slices.max(1) as f64).max(0.0);
            let replies = 400.0 * (1.0 - lack * transient) * (1.0 + 0.1 * noise());
            let replies = replies.max(1.0) as u64;
            Slice {
                replies,
                latency_ns: 16 * 20_000_000,
            }
        };
        (0..count).map(slice).collect()
    }

    /// When the pilot of such a server ends, looking every 100 ms, and what it finds.
    fn pilot(warm_slices: usize, lack: f64, seed: u64) -> (usize, Steadiness) {
        let all = slices(400, warm_slices, lack, seed);
        for count in (5..=400).step_by(5) {
            if let Some(found) = steadiness(&all[..count]).filter(|found| found.is_clear) {
                return (count, found);
            }
        }
        (400, steadiness(&all).unwrap())
    }

    #[test]
    fn a_plain_server_is_steady_within_two_seconds() {
        let mut took: Vec<usize> = Vec::new();
        for seed in 0..100 {
            let (slices, found) = pilot(0, 0.0, seed);
            assert!(found.is_steady && found.after <= SLICE * slices as u32 / 4);
            took.push(slices);
        }
        took.sort_unstable();
        assert!(took[50] <= 75 && took[90] <= 150, "{took:?}");
    }

    #[test]
    fn a_server_that_gets_faster_for_three_seconds_is_waited_for() {
        for seed in 0..50 {
            let (_, found) = pilot(150, 0.5, seed);
            let seconds = found.after.as_secs_f64();
            assert!((2.0..=4.0).contains(&seconds), "{seed}: {found:?}");
            assert!(found.is_steady, "{seed}: {found:?}");
        }
    }

    #[test]
    fn one_that_gets_faster_all_the_time_is_never_steady() {
        let (took, found) = pilot(1000, 0.9, 1);
        assert_eq!(took, 400);
        assert!(found.after > Duration::from_secs(3) && !found.is_steady);
    }

    #[test]
    fn without_replies_nothing_is_steady() {
        let found = steadiness(&[Slice::default(); 100]).unwrap();
        assert!(!found.is_steady && !found.is_clear);
        assert_eq!(steadiness(&[]), None);
        let mut late = [Slice::default(); 100];
        late[40..].fill(Slice {
            replies: 9,
            latency_ns: 9,
        });
        let found = steadiness(&late).unwrap();
        assert_eq!(found.after, SLICE * 40);
        assert!(found.is_steady && !found.is_clear);
    }
}
