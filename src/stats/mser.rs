//! Where a series that begins with a transient becomes steady.

use super::basic::median;

/// Values per batch.
const BATCH: usize = 5;
/// The fewest batches of which a part can be left out.
const LEAST_BATCHES: usize = 4;

/// How many values at the start of a series are better left out, by the rule MSER-5: of the means
/// of five values each, those are kept whose mean has the smallest standard error, as if they were
/// independent; at most the first half is left out (White, *An effective truncation heuristic for
/// bias reduction in simulation output*, Simulation, 1997; White, Cobb and Spratt, *A comparison of
/// five steady-state truncation heuristics for simulation*, WSC 2000).
///
/// If all of the first half is to be left out, the series may not be steady yet. Values after the
/// last whole batch do not count. `None` for fewer than 20 values.
pub fn mser5(values: &[f64]) -> Option<usize> {
    let batches = values.chunks_exact(BATCH);
    let batches: Vec<f64> = batches
        .map(|batch| batch.iter().sum::<f64>() / BATCH as f64)
        .collect();
    if batches.len() < LEAST_BATCHES {
        return None;
    }
    // Sums of differences from the median: squares of large values would lose digits.
    let level = median(&batches);
    let (mut sum, mut squares, mut kept) = (0.0, 0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (left_out, value) in batches.iter().enumerate().rev() {
        let difference = value - level;
        sum += difference;
        squares += difference * difference;
        kept += 1.0;
        let error = (squares - sum * sum / kept).max(0.0) / (kept * kept);
        let is_allowed = left_out <= batches.len() / 2;
        if is_allowed && best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, left_out));
        }
    }
    best.map(|(_, left_out)| left_out * BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five times each of these.
    fn batches(means: &[f64]) -> Vec<f64> {
        means.iter().flat_map(|mean| [*mean; BATCH]).collect()
    }

    #[test]
    fn the_smallest_standard_error_is_kept() {
        // Squares around the mean over the squared count: of all 8: 150/64 = 2.34; without the
        // first: 35.71/49 = 0.729; without two: 1.333/36 = 0.0370; without three: 1.2/25 = 0.048;
        // without four: 1/16 = 0.0625. So two are left out.
        let means = [15.0, 9.0, 3.0, 3.0, 2.0, 3.0, 2.0, 3.0];
        let found = mser5(&batches(&means));
        assert_eq!(found, Some(2 * BATCH));
        // The same on top of a large value, and without its last, incomplete batch.
        let mut raised: Vec<f64> = batches(&means).iter().map(|mean| mean + 1e9).collect();
        assert_eq!(mser5(&raised), Some(2 * BATCH));
        raised.extend([7.0; BATCH - 1]);
        assert_eq!(mser5(&raised), Some(2 * BATCH));
    }

    #[test]
    fn it_leaves_out_at_most_half() {
        // It falls to the end.
        let falls: Vec<f64> = (0..40).map(|at| f64::from(40 - at)).collect();
        assert_eq!(mser5(&falls), Some(20));
        assert_eq!(mser5(&batches(&[9.0, 8.0, 2.0, 1.5, 1.0])), Some(2 * BATCH));
    }

    #[test]
    fn constant_values_are_kept_and_few_say_nothing() {
        assert_eq!(mser5(&[3.0; 100]), Some(0));
        assert_eq!(mser5(&[3.0; 19]), None);
        assert_eq!(mser5(&[3.0; 20]), Some(0));
    }

    /// A transient of 150 of 400 values, in noise of AR(1): what is left out is close to it.
    #[test]
    fn a_transient_is_left_out() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut noise = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        for rho in [0.0, 0.5, 0.8] {
            let mut found: Vec<usize> = (0..200)
                .map(|_| {
                    let mut last = noise();
                    let values = (0..400).map(|at| {
                        last = rho * last + (1.0_f64 - rho * rho).sqrt() * noise();
                        let transient = (1.0 - f64::from(at) / 150.0).max(0.0);
                        100.0 - 50.0 * transient + 5.0 * last
                    });
                    mser5(&values.collect::<Vec<_>>()).unwrap()
                })
                .collect();
            found.sort_unstable();
            assert!((110..=170).contains(&found[100]), "{}", found[100]);
            assert!(found[20] >= 90, "{}", found[20]);
        }
    }
}
