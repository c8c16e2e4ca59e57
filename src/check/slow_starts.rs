//! Starts that are far slower than usual: a median does not show one start in ten.

use crate::record::SlowStarts;
use crate::stats::median;

/// A start is slow if its figure is at least this many times as bad as the other side's, compared
/// with the median pair.
const TIMES: f64 = 2.0;
/// The candidate does not pass if it has this many more slow starts than the baseline. One may be
/// the machine's.
const TOO_MANY: usize = 2;

/// The slow starts in these logarithms of ratios, one per pair.
pub fn slow_starts(logs: &[f64]) -> SlowStarts {
    if logs.is_empty() {
        return SlowStarts::default();
    }
    let usual = median(logs);
    let count = |sign: f64| {
        // One that is usually better is not slow where it is no worse than the other.
        let usual = (sign * usual).max(0.0);
        let slow = logs.iter().filter(|log| sign * **log - usual >= TIMES.ln());
        slow.count()
    };
    let starts = [count(-1.0), count(1.0)];
    SlowStarts {
        starts,
        of: logs.len(),
        rules_out_pass: starts[1] >= starts[0] + TOO_MANY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_start_in_ten_twice_as_slow_is_seen() {
        let mut logs: Vec<f64> = (0..20).map(|at| 0.02 * f64::from(at % 5) - 0.04).collect();
        let seen = slow_starts(&logs);
        assert_eq!((seen.starts, seen.rules_out_pass), ([0, 0], false));
        logs[7] = 0.8;
        let seen = slow_starts(&logs);
        assert_eq!((seen.starts, seen.rules_out_pass), ([0, 1], false));
        logs[16] = 0.8;
        let seen = slow_starts(&logs);
        assert_eq!((seen.starts, seen.of), ([0, 2], 20));
        assert!(seen.rules_out_pass);
        // As many of the baseline are the machine's.
        logs[3] = -0.8;
        assert!(!slow_starts(&logs).rules_out_pass);
        // A build that is slower throughout has no slow start.
        let slower: Vec<f64> = (0..20).map(|at| 0.9 + 0.01 * f64::from(at)).collect();
        assert_eq!(slow_starts(&slower).starts, [0, 0]);
    }
}
