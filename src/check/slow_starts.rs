//! Starts that are far slower than usual: a median does not show one start in ten.

use crate::record::{LoadKind, SlowStarts};
use crate::stats::median;

/// A start is slow if its figure is at least this many times as bad as the other side's, compared
/// with the median start. One that is twice as slow has some noise too.
const TIMES: f64 = 1.6;
/// The candidate does not pass if it has this many more slow starts than the baseline. One may be
/// the machine's.
const TOO_MANY: usize = 2;

/// The slow starts in these logarithms of ratios, one per start of both sides: those of the pairs, and
/// those of the starts that were added, whose warm-up is shorter. A wide `margin` allows more.
pub fn slow_starts(of_pairs: &[f64], of_added: &[f64], margin: f64) -> SlowStarts {
    let least = TIMES.max(1.0 + margin).ln();
    let [own, added] = [of_pairs, of_added].map(|logs| count(logs, least));
    let starts = [own[0] + added[0], own[1] + added[1]];
    // A slow start of the baseline that was added does not make up for a pair.
    let is_too_many = |[baseline, candidate]: [usize; 2]| candidate >= baseline + TOO_MANY;
    SlowStarts {
        starts,
        of: of_pairs.len() + of_added.len(),
        rules_out_pass: is_too_many(own) || is_too_many(starts),
    }
}

/// The slow starts of the baseline and of the candidate.
fn count(logs: &[f64], least: f64) -> [usize; 2] {
    if logs.is_empty() {
        return [0, 0];
    }
    let usual = median(logs);
    [-1.0, 1.0].map(|sign| {
        // One that is usually better is not slow where it is no worse than the other.
        let usual = (sign * usual).max(0.0);
        let slow = logs.iter().filter(|log| sign * **log - usual >= least);
        slow.count()
    })
}

/// The slow starts of a part, from those of its gated metrics. Each load has starts of its own, and
/// a slow one may show in several metrics.
pub fn of_part(metrics: &[(LoadKind, SlowStarts)]) -> SlowStarts {
    let mut loads: Vec<LoadKind> = metrics.iter().map(|(load, _)| *load).collect();
    loads.sort_unstable();
    loads.dedup();
    let most = |load: LoadKind, of: &dyn Fn(&SlowStarts) -> usize| {
        let own = metrics.iter().filter(|(own, _)| *own == load);
        own.map(|(_, slow)| of(slow)).max().unwrap_or(0)
    };
    let sum = |of: &dyn Fn(&SlowStarts) -> usize| -> usize {
        loads.iter().map(|load| most(*load, of)).sum()
    };
    let starts = [sum(&|slow| slow.starts[0]), sum(&|slow| slow.starts[1])];
    let mut of_metrics = metrics.iter();
    SlowStarts {
        starts,
        of: sum(&|slow| slow.of),
        rules_out_pass: starts[1] >= starts[0] + TOO_MANY
            || of_metrics.any(|(_, slow)| slow.rules_out_pass),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_start_in_ten_twice_as_slow_is_seen() {
        let mut logs: Vec<f64> = (0..20).map(|at| 0.02 * f64::from(at % 5) - 0.04).collect();
        let seen = slow_starts(&logs, &[], 0.25);
        assert_eq!((seen.starts, seen.rules_out_pass), ([0, 0], false));
        logs[7] = 0.8;
        let seen = slow_starts(&logs, &[], 0.25);
        assert_eq!((seen.starts, seen.rules_out_pass), ([0, 1], false));
        logs[16] = 0.8;
        let seen = slow_starts(&logs, &[], 0.25);
        assert_eq!((seen.starts, seen.of), ([0, 2], 20));
        assert!(seen.rules_out_pass);
        // As many of the baseline are the machine's.
        logs[3] = -0.8;
        assert!(!slow_starts(&logs, &[], 0.25).rules_out_pass);
        // A build that is slower throughout has no slow start.
        let slower: Vec<f64> = (0..20).map(|at| 0.9 + 0.01 * f64::from(at)).collect();
        assert_eq!(slow_starts(&slower, &[], 0.25).starts, [0, 0]);
        assert_eq!(slow_starts(&[], &[], 0.25), SlowStarts::default());
    }

    #[test]
    fn added_starts_are_compared_with_each_other() {
        // The candidate is twice as slow when it is cold: that is no slow start of a pair.
        let cold = [0.7; 12];
        let mut pairs = [0.0; 8];
        assert_eq!(slow_starts(&pairs, &cold, 0.25).starts, [0, 0]);
        pairs[2] = 0.8;
        pairs[5] = 0.8;
        assert!(slow_starts(&pairs, &cold, 0.25).rules_out_pass);
        // Nor does an added start of the baseline make up for one.
        let seen = slow_starts(&pairs, &[0.0, 0.0, -0.6], 0.25);
        assert_eq!((seen.starts, seen.of), ([1, 2], 11));
        assert!(seen.rules_out_pass);
        // One slow pair and one slow added start.
        pairs[5] = 0.0;
        assert!(slow_starts(&pairs, &[0.0, 0.6, 0.0], 0.25).rules_out_pass);
        assert!(
            !slow_starts(&pairs, &[0.0, 0.6, 0.0], 1.0).rules_out_pass,
            "a wide margin"
        );
    }

    #[test]
    fn one_slow_start_under_each_of_two_loads_is_two() {
        let slow = |candidate: usize| SlowStarts {
            starts: [0, candidate],
            of: 8,
            rules_out_pass: false,
        };
        let (rate, capacity) = (LoadKind::Rate, LoadKind::Capacity);
        // One start, seen in two metrics.
        let one = of_part(&[(rate, slow(1)), (rate, slow(1)), (capacity, slow(0))]);
        assert_eq!(
            (one.starts, one.of, one.rules_out_pass),
            ([0, 1], 16, false)
        );
        let two = of_part(&[(rate, slow(1)), (capacity, slow(1))]);
        assert_eq!((two.starts, two.of, two.rules_out_pass), ([0, 2], 16, true));
        assert_eq!(of_part(&[]), SlowStarts::default());
    }
}
