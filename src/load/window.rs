//! The time that is measured.

/// At most so many intervals in a series, whatever the duration.
pub(crate) const MOST_INTERVALS: u64 = 120;
const SECOND_NS: u64 = 1_000_000_000;

/// The time that is measured, in nanoseconds since the load began: `[from_ns, to_ns)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The end of the warm-up.
    pub from_ns: u64,
    /// The end of the measurement; nothing new begins after it.
    pub to_ns: u64,
}

impl Window {
    /// Whether this moment is inside.
    pub fn contains(&self, now_ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&now_ns)
    }

    /// How many intervals the series has.
    pub fn intervals(&self) -> usize {
        let intervals = (self.to_ns - self.from_ns).div_ceil(self.interval_ns());
        usize::try_from(intervals).unwrap_or(1)
    }

    /// How long an interval of the series is: a second, in short trials 100 ms.
    pub fn interval_ns(&self) -> u64 {
        let whole = self.to_ns - self.from_ns;
        let usual = if whole <= 2 * SECOND_NS {
            SECOND_NS / 10
        } else {
            SECOND_NS
        };
        usual.max(
            whole
                .div_ceil(MOST_INTERVALS)
                .next_multiple_of(SECOND_NS / 10),
        )
    }
}
