//! The measurement window.

use serde::{Deserialize, Serialize};

/// The largest number of intervals in a series.
pub(crate) const MOST_INTERVALS: u64 = 120;
const SECOND_NS: u64 = 1_000_000_000;

/// The measurement window, in nanoseconds since the load began: `[from_ns, to_ns)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The end of the warm-up.
    pub from_ns: u64,
    /// The end of the measurement. No request is planned after it.
    pub to_ns: u64,
}

impl Window {
    /// Whether this time is inside the window.
    pub fn contains(&self, now_ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&now_ns)
    }

    /// The number of intervals of the series.
    pub fn intervals(&self) -> usize {
        let intervals = (self.to_ns - self.from_ns).div_ceil(self.interval_ns());
        usize::try_from(intervals).unwrap_or(1)
    }

    /// The index of the last interval that is complete at `now_ns`; of the first one before that.
    pub fn last_interval(&self, now_ns: u64) -> usize {
        let complete = now_ns.saturating_sub(self.from_ns) / self.interval_ns();
        let complete = usize::try_from(complete).unwrap_or(usize::MAX);
        // In the drain all are complete.
        complete.min(self.intervals()).saturating_sub(1)
    }

    /// The length of an interval: 1 s, in short trials 100 ms, in long ones more.
    pub fn interval_ns(&self) -> u64 {
        let window_ns = self.to_ns - self.from_ns;
        let default_ns = if window_ns <= 2 * SECOND_NS {
            SECOND_NS / 10
        } else {
            SECOND_NS
        };
        default_ns.max(
            window_ns
                .div_ceil(MOST_INTERVALS)
                .next_multiple_of(SECOND_NS / 10),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_interval_is_the_newest_complete_one() {
        let window = Window {
            from_ns: 200_000_000,
            to_ns: 700_000_000,
        };
        let at = |ms: u64| window.last_interval(ms * 1_000_000);
        assert_eq!([at(0), at(200), at(299), at(300)], [0, 0, 0, 0]);
        assert_eq!([at(399), at(400), at(699), at(700)], [0, 1, 3, 4]);
        assert_eq!(at(5000), 4, "in the drain");
    }
}
