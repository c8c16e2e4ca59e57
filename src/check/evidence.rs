//! Evidence from the pairs of one metric, valid at any number of pairs.
//!
//! d is the logarithm of candidate to baseline, taken so that over 0 is worse. On identical builds
//! the coin that orders the two sides of a pair makes its sign fair, whatever the noise and the drift
//! of the machine, so the wealth of bets on d/s is a martingale of mean 1 (`stats::bets`). The scale s
//! of a pair depends on earlier pairs only.
//!
//! Where only a bound of a figure is known, the bet is one that the true value cannot have made
//! better, which leaves a supermartingale: no pair is left out.

use crate::record::Known;
use crate::stats::bets::{FIRST_SCALE, LEAST_SCALE, NORMAL_MAD, SCALE_FROM, Wealth};
use crate::stats::median;

/// Centres outside ± this are not searched: a ratio of 22,000, which is also the most that a record
/// has.
const WIDEST: f64 = 10.0;

/// What one pair tells of the ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The logarithm of the ratio of the figures; over 0 the candidate is worse.
    pub log: f64,
    /// What that tells of the true ratio.
    pub known: Known,
}

impl Observation {
    /// The evidence that the ratio is over `centre`: the difference to bet on, in units of the
    /// logarithm. `None` is no bet.
    fn over(&self, centre: f64) -> Option<f64> {
        match self.known {
            Known::Exact | Known::AtLeast => Some(self.log - centre),
            Known::AtMost => Some((self.log - centre).min(0.0)),
            Known::Nothing => None,
        }
    }

    /// The evidence that the ratio is below `centre`.
    fn below(&self, centre: f64) -> Option<f64> {
        self.mirrored().over(-centre)
    }

    /// The same with the two sides exchanged.
    fn mirrored(&self) -> Observation {
        Observation {
            log: -self.log,
            known: match self.known {
                Known::AtMost => Known::AtLeast,
                Known::AtLeast => Known::AtMost,
                same => same,
            },
        }
    }
}

/// The observations of one metric, each with its scale.
#[derive(Debug, Clone)]
pub struct Observations {
    all: Vec<(Observation, f64)>,
}

impl Observations {
    /// These observations, in the order of their pairs.
    pub fn new(all: &[Observation]) -> Observations {
        let mut sizes: Vec<f64> = Vec::with_capacity(all.len());
        let with_scale = |observation: &Observation| {
            let scale = if sizes.len() < SCALE_FROM {
                FIRST_SCALE
            } else {
                (NORMAL_MAD * median(&sizes)).max(LEAST_SCALE)
            };
            if observation.known != Known::Nothing {
                sizes.push(observation.log.abs());
            }
            (*observation, scale)
        };
        Observations {
            all: all.iter().map(with_scale).collect(),
        }
    }

    /// The evidence that the candidate is worse.
    pub fn worse(&self) -> f64 {
        self.over(0.0)
    }

    /// The evidence that it is better.
    pub fn better(&self) -> f64 {
        self.below(0.0)
    }

    /// The evidence that its ratio is below `1 + margin`.
    pub fn within(&self, margin: f64) -> f64 {
        self.below(margin.ln_1p())
    }

    /// The highest wealth of bets that the ratio is over `centre`.
    fn over(&self, centre: f64) -> f64 {
        highest(
            self.all
                .iter()
                .map(|(seen, scale)| (seen.over(centre), *scale)),
        )
    }

    /// The highest wealth of bets that the ratio is below `centre`.
    fn below(&self, centre: f64) -> f64 {
        highest(
            self.all
                .iter()
                .map(|(seen, scale)| (seen.below(centre), *scale)),
        )
    }

    /// The highest centre that the ratio is shown to be over, where evidence of `needed` shows it.
    pub fn lower_bound(&self, needed: f64) -> f64 {
        edge(|centre| self.over(centre) >= needed)
    }

    /// The lowest centre that the ratio is shown to be below, where evidence of `needed` shows it.
    pub fn upper_bound(&self, needed: f64) -> f64 {
        -edge(|centre| self.below(-centre) >= needed)
    }

    /// The median of what each pair shows of being worse: a bound that may be better counts as no
    /// change, if it shows a worse ratio.
    pub fn median_over(&self) -> f64 {
        median_of(self.all.iter().map(|(seen, _)| *seen))
    }

    /// The same of being better: below 0 it is.
    pub fn median_below(&self) -> f64 {
        -median_of(self.all.iter().map(|(seen, _)| seen.mirrored()))
    }
}

fn median_of(observations: impl Iterator<Item = Observation>) -> f64 {
    let shown = observations.map(|seen| seen.over(0.0).unwrap_or(0.0));
    let shown: Vec<f64> = shown.collect();
    if shown.is_empty() {
        0.0
    } else {
        median(&shown)
    }
}

fn highest(bets: impl Iterator<Item = (Option<f64>, f64)>) -> f64 {
    let mut wealth = Wealth::default();
    for (difference, scale) in bets {
        if let Some(difference) = difference {
            wealth.bet(difference / scale);
        }
    }
    wealth.highest()
}

/// The highest centre for which `is_shown` holds, by bisection: it holds for all below it. −`WIDEST`
/// if for none.
fn edge(is_shown: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (-WIDEST, WIDEST);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if is_shown(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if low > -WIDEST { high } else { -WIDEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(logs: &[f64]) -> Observations {
        let seen = |log: &f64| Observation {
            log: *log,
            known: Known::Exact,
        };
        Observations::new(&logs.iter().map(seen).collect::<Vec<_>>())
    }

    #[test]
    fn the_scale_depends_on_earlier_pairs_only() {
        let scales = |logs: &[f64]| -> Vec<f64> {
            exact(logs).all.iter().map(|(_, scale)| *scale).collect()
        };
        let all = scales(&[0.1, -0.3, 0.2, 5.0, 0.001]);
        assert_eq!(all[..3], [0.12; 3]);
        assert!((all[3] - 1.4826 * 0.2).abs() < 1e-12);
        assert!((all[4] - 1.4826 * 0.25).abs() < 1e-12);
        assert_eq!(scales(&[1e-6; 5])[4], 0.02, "the least scale");
    }

    #[test]
    fn a_bound_never_counts_for_what_it_may_hide() {
        let with = |known: Known, log: f64| {
            let all = [Observation { log, known }; 12];
            let seen = Observations::new(&all);
            [seen.worse(), seen.better(), seen.within(0.1)]
        };
        // The candidate may be better than it looks: no evidence that it is worse.
        assert_eq!(with(Known::AtMost, 0.3)[0], 1.0);
        assert!(with(Known::AtMost, -0.3)[1] > 100.0);
        assert!(with(Known::AtMost, -0.3)[2] > 100.0);
        // The candidate may be worse than it looks: no evidence of being better or within the margin.
        assert_eq!(with(Known::AtLeast, -0.3)[1..], [1.0, 1.0]);
        assert!(with(Known::AtLeast, 0.3)[0] > 100.0);
        assert_eq!(with(Known::Nothing, 0.3), [1.0; 3]);
    }

    #[test]
    fn the_bounds_are_where_the_evidence_decides() {
        let logs = [0.11, 0.14, 0.09, 0.12, 0.16, 0.1, 0.13, 0.12, 0.08, 0.15];
        let seen = exact(&logs);
        for needed in [20.0, 160.0] {
            let (low, high) = (seen.lower_bound(needed), seen.upper_bound(needed));
            // Ten pairs show that they are above 0 at 20, and not yet at 160.
            assert_eq!(low > 0.0, needed < 100.0, "{low}");
            assert!(
                -0.1 < low && low < 0.12 && 0.12 < high && high < 0.3,
                "{low} {high}"
            );
            assert!(seen.over(low - 1e-6) >= needed && seen.over(low + 1e-6) < needed);
            assert!(seen.below(high + 1e-6) >= needed && seen.below(high - 1e-6) < needed);
        }
        assert_eq!(exact(&[0.1]).lower_bound(20.0), -WIDEST, "nothing is shown");
        assert_eq!(exact(&[]).upper_bound(20.0), WIDEST);
    }
}
