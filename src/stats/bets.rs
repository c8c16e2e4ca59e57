//! Tests by betting: wealth that is a martingale of mean 1 if each value is symmetric around 0 given
//! its size (Waudby-Smith and Ramdas, *Estimating means of bounded random variables by betting*,
//! J. R. Stat. Soc. B, 2024).
//!
//! W = mean over λ of Π (1 + 0.9·tanh(λ·x))
//!
//! tanh is odd, so each factor has the mean 1 whatever the size of x; it is bounded, so no outlier
//! decides. The probability that W ever reaches 1/a is at most a (Ville, *Étude critique de la notion
//! de collectif*, 1939).

/// Scales of the bets; the mean over them is a martingale too.
pub const LAMBDAS: [f64; 4] = [0.25, 0.5, 1.0, 1.5];
/// The largest share of the wealth that a bet risks.
pub const STAKE: f64 = 0.9;
/// The scale of log ratios before there are differences to estimate it from.
pub const FIRST_SCALE: f64 = 0.12;
/// Differences before the scale is estimated.
pub const SCALE_FROM: usize = 3;
/// The least scale.
pub const LEAST_SCALE: f64 = 0.02;
/// The median absolute value of a normal distribution times this is its standard deviation.
pub const NORMAL_MAD: f64 = 1.4826;

/// The factor by which a bet on `x` changes the wealth of one λ.
pub fn factor(lambda: f64, x: f64) -> f64 {
    1.0 + STAKE * (lambda * x).tanh()
}

/// The wealth after a sequence of bets.
#[derive(Debug, Clone, Copy)]
pub struct Wealth {
    products: [f64; LAMBDAS.len()],
    highest: f64,
}

impl Default for Wealth {
    fn default() -> Wealth {
        Wealth {
            products: [1.0; LAMBDAS.len()],
            highest: 1.0,
        }
    }
}

impl Wealth {
    /// Bets that `x` is over 0; `x` is in units of the scale.
    pub fn bet(&mut self, x: f64) {
        for (product, lambda) in self.products.iter_mut().zip(LAMBDAS) {
            *product *= factor(lambda, x);
        }
        let mean = self.products.iter().sum::<f64>() / LAMBDAS.len() as f64;
        self.highest = self.highest.max(mean);
    }

    /// The highest wealth so far.
    pub fn highest(&self) -> f64 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bet_has_the_mean_one_and_no_value_ruins_it() {
        for x in [0.1, 1.0, 1e9] {
            for lambda in LAMBDAS {
                let mean = f64::midpoint(factor(lambda, x), factor(lambda, -x));
                assert!((mean - 1.0).abs() < 1e-12 && factor(lambda, -x) > 0.09);
            }
        }
        let mut wealth = Wealth::default();
        wealth.bet(-3.0);
        assert_eq!(wealth.highest(), 1.0);
        // By hand: (1 + 0.9·tanh λ) for each λ, after the loss of the first bet.
        let mut other = Wealth::default();
        other.bet(1.0);
        let by_hand = (1.220_427 + 1.415_905 + 1.685_435 + 1.814_633) / 4.0;
        assert!((other.highest() - by_hand).abs() < 1e-5, "{other:?}");
    }
}
