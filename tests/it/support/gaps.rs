//! A test of the gaps of a Poisson process.

/// Checks that the gaps between these times are exponential (Kolmogorov–Smirnov test, 1 % level).
#[track_caller]
pub(crate) fn exponential(times_ns: &[u64], rate_rps: f64) {
    let mut gaps: Vec<f64> = times_ns
        .windows(2)
        .map(|two| (two[1] - two[0]) as f64 / 1e9 * rate_rps)
        .collect();
    gaps.sort_by(f64::total_cmp);
    let n = gaps.len() as f64;
    // The largest distance from 1 − e^(−x).
    let distance = |(at, gap): (usize, &f64)| {
        let expected = 1.0 - (-gap).exp();
        (expected - at as f64 / n)
            .abs()
            .max((expected - (at + 1) as f64 / n).abs())
    };
    let greatest = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
    assert!(greatest < 1.63 / n.sqrt(), "{greatest} of {n} gaps");
}
