//! Converts times of the real-time clock, in which the kernel stamps packets, to the time of the
//! load.
//!
//! The difference of CLOCK_REALTIME and CLOCK_MONOTONIC changes only when someone sets the
//! real-time clock: adjustments of the frequency apply to both. So pairs of readings, one with
//! each read of a socket and at least one in [`PAIR_INTERVAL_NS`], tell a constant difference from
//! a jump.

use super::wire::{Clock, ClockPair};

/// The longest time between two pairs of readings while the load runs.
const PAIR_INTERVAL_NS: u64 = 100_000_000;
/// After a jump no stamp is used for this long: no reply that arrived before it is still unread.
const DISTRUST_NS: u64 = 100_000_000;
/// The two readings of a pair lie at most this far apart, unless something came between them.
const PAIR_ERROR_NS: u64 = 2_000;
/// How often a pair is read again that does not fit.
const ATTEMPTS: usize = 3;

fn difference_ns(pair: ClockPair) -> i128 {
    i128::from(pair.real_ns) - i128::from(pair.now_ns)
}

/// The difference of the clocks, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct RealtimeClock {
    difference_ns: Option<i128>,
    /// When the last pair was read.
    paired_ns: u64,
    /// Stamps of this time and later are used.
    trusted_from_ns: u64,
    /// How often the real-time clock jumped.
    pub(crate) jumps: u64,
}

impl RealtimeClock {
    /// Reads a pair if the last one is too old.
    pub(crate) fn keep(&mut self, clock: &impl Clock, now_ns: u64) {
        if self.difference_ns.is_none() || now_ns >= self.paired_ns + PAIR_INTERVAL_NS {
            self.read(clock);
        }
    }

    /// Reads both clocks, and returns the time of the load.
    pub(crate) fn read(&mut self, clock: &impl Clock) -> u64 {
        let Some(mut pair) = clock.pair() else {
            return clock.now_ns();
        };
        let mut largest_ns = difference_ns(pair);
        for _ in 0..ATTEMPTS {
            if self.fits(pair) {
                // A pause between the readings makes the difference smaller, nothing makes it
                // larger: the largest is the best.
                self.difference_ns = self.difference_ns.max(Some(difference_ns(pair)));
                self.paired_ns = pair.now_ns;
                return pair.now_ns;
            }
            pair = clock.pair().unwrap_or(pair);
            largest_ns = largest_ns.max(difference_ns(pair));
        }
        if self.difference_ns.is_some() {
            self.jumps += 1;
            self.trusted_from_ns = pair.now_ns + DISTRUST_NS;
        }
        self.difference_ns = Some(largest_ns);
        self.paired_ns = pair.now_ns;
        pair.now_ns
    }

    fn fits(&self, pair: ClockPair) -> bool {
        self.difference_ns.is_some_and(|known_ns| {
            (known_ns - difference_ns(pair)).unsigned_abs() <= u128::from(PAIR_ERROR_NS)
        })
    }

    /// Whether stamps of this time can be converted.
    pub(crate) fn is_trusted(&self, at_ns: u64) -> bool {
        at_ns >= self.trusted_from_ns
    }

    /// The time of the load at this time of the real-time clock; `None` if it cannot be told, or
    /// is outside of `earliest_ns..=latest_ns`.
    pub(crate) fn within(&self, real_ns: u64, earliest_ns: u64, latest_ns: u64) -> Option<u64> {
        let at_ns = i128::from(real_ns) - self.difference_ns?;
        let at_ns = u64::try_from(at_ns).ok()?;
        let is_plausible = (earliest_ns..=latest_ns).contains(&at_ns);
        (is_plausible && self.is_trusted(earliest_ns)).then_some(at_ns)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const MS: u64 = 1_000_000;
    const BOOT_NS: u64 = 1_700_000_000_000_000_000;

    /// A clock with a settable difference, and pauses between the two readings of the next pairs.
    struct Fake {
        now_ns: Cell<u64>,
        boot_ns: Cell<u64>,
        pauses_ns: RefCell<Vec<u64>>,
    }

    impl Clock for Fake {
        fn now_ns(&self) -> u64 {
            self.now_ns.get()
        }

        fn pair(&self) -> Option<ClockPair> {
            let real_ns = self.boot_ns.get() + self.now_ns.get();
            let pause_ns = self.pauses_ns.borrow_mut().pop().unwrap_or(30);
            self.now_ns.set(self.now_ns.get() + pause_ns);
            Some(ClockPair {
                real_ns,
                now_ns: self.now_ns.get(),
            })
        }
    }

    fn at(now_ns: u64) -> Fake {
        Fake {
            now_ns: Cell::new(now_ns),
            boot_ns: Cell::new(BOOT_NS),
            pauses_ns: RefCell::default(),
        }
    }

    #[test]
    fn a_stamp_becomes_the_time_of_the_load() {
        let clock = at(5 * MS);
        let mut real = RealtimeClock::default();
        assert_eq!(real.within(BOOT_NS, 0, MS), None, "before the first pair");
        assert_eq!(real.read(&clock), 5 * MS + 120, "the best of four pairs");
        clock.now_ns.set(9 * MS);
        assert_eq!(real.read(&clock), 9 * MS + 30);
        let arrived = |ns| real.within(BOOT_NS + ns, 6 * MS, 9 * MS);
        assert_eq!(arrived(7 * MS), Some(7 * MS + 30), "late by the reading");
        assert_eq!(arrived(5 * MS), None, "before it was sent");
        assert_eq!(arrived(9 * MS + 1), None, "after it was read");
    }

    #[test]
    fn a_pause_between_the_readings_is_not_a_jump() {
        let clock = at(5 * MS);
        let mut real = RealtimeClock::default();
        real.read(&clock);
        clock.pauses_ns.replace(vec![3 * MS, 700_000]);
        real.read(&clock);
        assert_eq!(
            (real.jumps, real.difference_ns),
            (0, Some(i128::from(BOOT_NS) - 30))
        );
        // Small ones only move the difference down, so the largest is kept.
        clock.pauses_ns.replace(vec![1_500, 10, 1_900]);
        for _ in 0..3 {
            real.read(&clock);
        }
        assert_eq!(
            (real.jumps, real.difference_ns),
            (0, Some(i128::from(BOOT_NS) - 10))
        );
    }

    #[test]
    fn after_a_jump_stamps_are_discarded_for_an_interval() {
        for jumped_to_ns in [BOOT_NS + 50 * MS, BOOT_NS - 20_000, BOOT_NS + 5_000] {
            let clock = at(5 * MS);
            let mut real = RealtimeClock::default();
            real.read(&clock);
            clock.boot_ns.set(jumped_to_ns);
            clock.now_ns.set(8 * MS);
            let now_ns = real.read(&clock);
            assert_eq!(real.jumps, 1);
            // Whether it was stamped before the jump or after it.
            assert_eq!(real.within(BOOT_NS + 7 * MS, 5 * MS, now_ns), None);
            assert_eq!(real.within(jumped_to_ns + 7 * MS, 5 * MS, now_ns), None);
            clock.now_ns.set(120 * MS);
            let now_ns = real.read(&clock);
            let late_ns = |sent_ns| real.within(jumped_to_ns + 115 * MS, sent_ns, now_ns);
            assert_eq!(late_ns(90 * MS), None, "sent in the discarded interval");
            assert_eq!(late_ns(110 * MS), Some(115 * MS + 30));
            assert_eq!(real.jumps, 1);
        }
    }

    #[test]
    fn a_pair_is_read_at_least_each_interval() {
        let clock = at(0);
        let mut real = RealtimeClock::default();
        for (now_ns, expected_ns) in [(0, 120), (99 * MS, 120), (101 * MS, 101 * MS + 30)] {
            clock.now_ns.set(now_ns);
            real.keep(&clock, now_ns);
            assert_eq!(real.paired_ns, expected_ns);
        }
    }
}
