//! Rounding.

/// Rounds a rate to three significant digits; 0 for rates below 1.
pub fn round_to_three_digits(rps: f64) -> f64 {
    if rps < 1.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(rps.log10().floor() - 2.0);
    ((rps / unit).round() * unit).round().max(1.0)
}
