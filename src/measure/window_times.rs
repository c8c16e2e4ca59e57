//! The edges of a window by the clocks of the machine.

use std::time::{Instant, SystemTime};

use nix::time::{ClockId, clock_gettime};

use crate::record::WindowTimes;

/// The edges of a window, each by both clocks. `None` if one of them is out of range.
pub(super) fn window_times(window: [Instant; 2]) -> Option<WindowTimes> {
    let (instant, utc) = (Instant::now(), SystemTime::now());
    let monotonic_ns = u128::try_from(monotonic_ns()?).ok()?;
    // The edges have passed.
    let [first, last] = window.map(|edge| instant.saturating_duration_since(edge));
    let utc_of = |before| {
        let time = utc.checked_sub(before)?;
        Some(humantime::format_rfc3339_micros(time).to_string())
    };
    let monotonic_of = |before: std::time::Duration| {
        u64::try_from(monotonic_ns.checked_sub(before.as_nanos())?).ok()
    };
    Some(WindowTimes {
        utc: [utc_of(first)?, utc_of(last)?],
        monotonic_ns: [monotonic_of(first)?, monotonic_of(last)?],
    })
}

fn monotonic_ns() -> Option<i128> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).ok()?;
    Some(i128::from(now.tv_sec()) * 1_000_000_000 + i128::from(now.tv_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn both_clocks_have_the_same_distance() {
        let last = Instant::now();
        let Some(first) = last.checked_sub(Duration::from_millis(1500)) else {
            return;
        };
        let times = window_times([first, last]).unwrap();
        let [from, to] = times.monotonic_ns;
        assert_eq!(to - from, 1_500_000_000);
        let [from, to] = times.utc.map(|utc| humantime::parse_rfc3339(&utc).unwrap());
        let apart = to.duration_since(from).unwrap();
        // Each is cut to microseconds.
        assert!(apart.as_nanos().abs_diff(1_500_000_000) <= 1_000);
    }
}
