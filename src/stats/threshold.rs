//! A threshold, estimated from tries that succeed below it and fail above it, by chance also the
//! other way round.
//!
//! The probability that a try at `x` succeeds is `λ + (1 − 2λ) / (1 + exp((x − θ) / w))`: θ is the
//! value at which half of the tries succeed, w says how gradually that changes, λ how many results
//! are wrong whatever the value. θ and w are unknown and have a posterior on a grid (Watson & Pelli,
//! *QUEST: a Bayesian adaptive psychometric method*, 1983; Kontsevich & Tyler, *Bayesian adaptive
//! estimation of psychometric slope and threshold*, 1999). Waeber, Frazier & Henderson, *Bisection
//! search with noisy responses*, 2013, is the same for a step.

/// The grid of θ: from `-REACH` to `REACH` around the expected value.
const REACH: f64 = 8.0;
const GRID_STEP: f64 = 0.02;
/// The values of w and their weights before the first try: from a step to a change over a third.
const WIDTHS: [(f64, f64); 5] = [
    (0.01, 1.0),
    (0.02, 1.0),
    (0.04, 1.0),
    (0.08, 1.0),
    (0.14, 0.5),
];
/// The half width of the prior of θ, which has heavy tails (Cauchy): the expected value may be far
/// off.
const PRIOR_SCALE: f64 = 0.25;
/// Steps of the bisection for a quantile: to 2⁻³² of the grid's length.
const BISECTIONS: usize = 32;

/// The posterior of a threshold.
#[derive(Debug, Clone)]
pub struct Threshold {
    /// The lowest θ of the grid.
    low: f64,
    /// Per width, the probability of each θ.
    weights: Vec<Vec<f64>>,
}

impl Threshold {
    /// Before the first try; the threshold is expected near `expected`.
    pub fn near(expected: f64) -> Threshold {
        let points = (2.0 * REACH / GRID_STEP).round() as usize + 1;
        let prior = |weight: f64| {
            let at = |point: usize| (point as f64 * GRID_STEP - REACH) / PRIOR_SCALE;
            (0..points)
                .map(|point| weight / (1.0 + at(point).powi(2)))
                .collect()
        };
        let mut new = Threshold {
            low: expected - REACH,
            weights: WIDTHS.iter().map(|(_, weight)| prior(*weight)).collect(),
        };
        new.normalise();
        new
    }

    /// Takes the result of a try at `x`; `false_share` is λ, the share of such results that is
    /// wrong.
    pub fn tried(&mut self, x: f64, succeeded: bool, false_share: f64) {
        for ((width, _), weights) in WIDTHS.iter().zip(&mut self.weights) {
            for (point, weight) in weights.iter_mut().enumerate() {
                let theta = self.low + point as f64 * GRID_STEP;
                let core = 1.0 / (1.0 + ((x - theta) / width).exp());
                let success = false_share + (1.0 - 2.0 * false_share) * core;
                *weight *= if succeeded { success } else { 1.0 - success };
            }
        }
        self.normalise();
    }

    /// The quantile `q` of the value at which the share `share` of tries succeeds, wrong results
    /// left aside.
    pub fn quantile(&self, share: f64, q: f64) -> f64 {
        // At θ + w·ln((1 − p)/p) the share p succeeds.
        let shift = ((1.0 - share) / share).ln();
        let sums: Vec<Vec<f64>> = self.weights.iter().map(|of| running_sums(of)).collect();
        let below = |x: f64| -> f64 {
            let of_width = |((width, _), sums): (&(f64, f64), &Vec<f64>)| {
                at_point(sums, (x - shift * width - self.low) / GRID_STEP)
            };
            WIDTHS.iter().zip(&sums).map(of_width).sum()
        };
        let reach = REACH + shift.abs();
        let (mut low, mut high) = (
            self.low + REACH - reach - 1.0,
            self.low + REACH + reach + 1.0,
        );
        for _ in 0..BISECTIONS {
            let middle = (low + high) / 2.0;
            if below(middle) < q {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low + high) / 2.0
    }

    fn normalise(&mut self) {
        let sum: f64 = self.weights.iter().flatten().sum();
        let all = self.weights.iter_mut().flatten();
        all.for_each(|weight| *weight /= sum);
    }
}

/// The sum of the weights up to the middle of each point's cell.
fn running_sums(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let with_half = |weight: &f64| {
        sum += weight;
        sum - weight / 2.0
    };
    weights.iter().map(with_half).collect()
}

/// The sum at a place between two points, by linear interpolation.
fn at_point(sums: &[f64], place: f64) -> f64 {
    let last = sums.len() - 1;
    if place <= 0.0 {
        return 0.0;
    }
    if place >= last as f64 {
        return sums[last];
    }
    let point = place as usize;
    sums[point] + (sums[point + 1] - sums[point]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_has_its_median_where_it_is_expected_and_heavy_tails() {
        let prior = Threshold::near(3.0);
        assert!((prior.quantile(0.5, 0.5) - 3.0).abs() < 1e-3);
        // The quartiles of a Cauchy distribution are a scale from its median.
        assert!((prior.quantile(0.5, 0.75) - 3.25).abs() < 0.01);
        assert!(prior.quantile(0.5, 0.99) > 5.0);
    }

    #[test]
    fn a_try_weighs_by_bayes_rule() {
        // Far below and far above a success, the weights are in the ratio of the shares of wrong
        // and of right results.
        let mut threshold = Threshold::near(0.0);
        threshold.tried(0.0, true, 0.1);
        let below = |x: f64| {
            let shares = (1..4000).map(|q| f64::from(q) / 4000.0);
            let of = |q: &f64| threshold.quantile(0.5, *q) < x;
            shares.take_while(of).last().unwrap_or(0.0)
        };
        let ratio = below(-2.0) / (1.0 - below(2.0));
        assert!((0.1..0.125).contains(&ratio), "{ratio} for 1/9");
    }

    #[test]
    fn contradictions_spread_and_more_tries_narrow() {
        let mut threshold = Threshold::near(0.0);
        let width =
            |threshold: &Threshold| threshold.quantile(0.5, 0.975) - threshold.quantile(0.5, 0.025);
        for _ in 0..3 {
            threshold.tried(0.3, true, 0.05);
            threshold.tried(0.5, false, 0.05);
        }
        let clean = width(&threshold);
        assert!((threshold.quantile(0.5, 0.5) - 0.4).abs() < 0.02);
        assert!(clean < 0.3, "{clean}");
        let mut contradicted = threshold.clone();
        contradicted.tried(0.2, false, 0.05);
        contradicted.tried(0.6, true, 0.05);
        assert!(width(&contradicted) > clean);
        // 8 of 10 succeed below the half, 2 of 10 above it.
        assert!(threshold.quantile(0.8, 0.5) < threshold.quantile(0.5, 0.5));
        assert!(threshold.quantile(0.2, 0.5) > threshold.quantile(0.5, 0.5));
    }
}
