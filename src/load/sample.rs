//! Latencies of which some are only known to be longer than they were seen to be.

use hdrhistogram::Histogram;

/// The longest time that a histogram holds: an hour.
pub const HIGHEST_NS: u64 = 3_600_000_000_000;

/// A histogram from 1 ns to 1 h at three digits; it never grows, so recording never allocates.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_NS, 3).expect("these bounds are valid")
}

/// The requests of a trial: the answered ones, and at their ages those that were not (censored).
///
/// Leaving the second out would make a server that answers nobody look fast.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Latencies of the answered.
    pub answered: Histogram<u64>,
    /// Ages of those that were given up, timed out, or never sent.
    pub censored: Histogram<u64>,
}

/// A quantile of a [`Sample`], in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// Known.
    Exact(u64),
    /// Longer than this: so many were not answered that it cannot be known.
    Over(u64),
}

impl Quantile {
    /// The value, or the bound below it.
    pub fn at_least_ns(self) -> u64 {
        match self {
            Quantile::Exact(ns) | Quantile::Over(ns) => ns,
        }
    }
}

impl Sample {
    /// An empty one.
    pub fn new() -> Sample {
        Sample {
            answered: histogram(),
            censored: histogram(),
        }
    }

    /// How many requests there are.
    pub fn count(&self) -> u64 {
        self.answered.len() + self.censored.len()
    }

    /// Adds another thread's requests of the same trial.
    pub fn add(&mut self, other: &Sample) {
        // Both were made by `histogram`, so that one always fits into the other.
        let _ = self.answered.add(&other.answered);
        let _ = self.censored.add(&other.censored);
    }

    /// The quantile `q`: taken with the censored at their ages and at infinity,
    /// and exact where both agree. `None` for an empty sample.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
        let at_age = self.value_of_rank(rank);
        if rank <= self.certain() {
            Some(Quantile::Exact(at_age))
        } else {
            Some(Quantile::Over(at_age))
        }
    }

    /// The share of the sample below which quantiles are exact: 1 where nothing was censored.
    pub fn exact_below(&self) -> f64 {
        if self.censored.is_empty() {
            1.0
        } else {
            self.certain() as f64 / self.count() as f64
        }
    }

    /// The age of the youngest censored request; 0 where there is none.
    pub fn censored_min_ns(&self) -> u64 {
        if self.censored.is_empty() {
            0
        } else {
            self.censored.min()
        }
    }

    /// The mean with the censored at their ages: with any of them, a lower bound.
    pub fn mean_ns(&self) -> Option<f64> {
        let sum = |histogram: &Histogram<u64>| histogram.mean() * histogram.len() as f64;
        match self.count() {
            0 => None,
            count => Some((sum(&self.answered) + sum(&self.censored)) / count as f64),
        }
    }

    /// The longest seen, exact unless something was censored.
    pub fn max_ns(&self) -> Option<u64> {
        (self.count() > 0).then(|| self.answered.max().max(self.censored.max()))
    }

    /// How many of the answered are faster than every censored one: their ranks are certain.
    fn certain(&self) -> u64 {
        match self.censored.is_empty() {
            true => self.answered.len(),
            false => match self.censored.min() {
                0 => 0,
                youngest => self.answered.count_between(0, youngest),
            },
        }
    }

    /// The value of the `rank`-th request, the censored counted at their ages.
    fn value_of_rank(&self, rank: u64) -> u64 {
        if self.censored.is_empty() {
            return at_rank(&self.answered, rank);
        }
        // The least value that at least `rank` of both are not above, found by halving.
        let at_most = |value| count_to(&self.answered, value) + count_to(&self.censored, value);
        let (mut low, mut high) = (0, self.answered.max().max(self.censored.max()));
        while low < high {
            let middle = low + (high - low) / 2;
            if at_most(middle) >= rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        self.answered
            .highest_equivalent(low)
            .min(self.answered.max().max(self.censored.max()))
    }
}

impl Default for Sample {
    fn default() -> Sample {
        Sample::new()
    }
}

fn count_to(histogram: &Histogram<u64>, value: u64) -> u64 {
    if histogram.is_empty() {
        0
    } else {
        histogram.count_between(0, value)
    }
}

/// hdrhistogram counts ranks as ⌈q·n⌉ too, but in floating point; the rank is asked for by its middle.
fn at_rank(histogram: &Histogram<u64>, rank: u64) -> u64 {
    histogram.value_at_quantile((rank as f64 - 0.5) / histogram.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(answered: &[u64], censored: &[u64]) -> Sample {
        let mut sample = Sample::new();
        answered
            .iter()
            .for_each(|ns| sample.answered.record(*ns).unwrap());
        censored
            .iter()
            .for_each(|ns| sample.censored.record(*ns).unwrap());
        sample
    }

    #[test]
    fn quantiles_are_exact_without_censoring() {
        let values: Vec<u64> = (1..=1000).collect();
        let sample = sample(&values, &[]);
        assert_eq!(sample.quantile(0.5), Some(Quantile::Exact(500)));
        assert_eq!(sample.quantile(0.999), Some(Quantile::Exact(999)));
        assert_eq!(sample.quantile(1.0), Some(Quantile::Exact(1000)));
        assert_eq!(sample.exact_below(), 1.0);
        assert_eq!(sample.mean_ns(), Some(500.5));
    }

    #[test]
    fn a_quantile_beyond_the_censored_is_a_bound() {
        // 90 answered in 100 ns, 10 unanswered at the age of 1000 ns.
        let sample = sample(&[100; 90], &[1000; 10]);
        assert_eq!(sample.exact_below(), 0.9);
        assert_eq!(sample.quantile(0.9), Some(Quantile::Exact(100)));
        assert_eq!(sample.quantile(0.95), Some(Quantile::Over(1000)));
        assert_eq!(sample.mean_ns(), Some(190.0));
        assert_eq!(sample.censored_min_ns(), 1000);
    }

    #[test]
    fn young_censored_ones_make_all_that_is_slower_uncertain() {
        // The censored one may be the fastest or the slowest: only 10 ns is certain.
        let sample = sample(&[10, 200, 300], &[100]);
        assert_eq!(sample.quantile(0.25), Some(Quantile::Exact(10)));
        assert_eq!(sample.quantile(0.5), Some(Quantile::Over(100)));
        assert_eq!(sample.quantile(1.0), Some(Quantile::Over(300)));
    }

    #[test]
    fn nobody_served_leaves_only_bounds() {
        let sample = sample(&[], &[5_000_000_000; 499]);
        assert!(matches!(
            sample.quantile(0.5),
            Some(Quantile::Over(5_000_000_000..))
        ));
        assert_eq!(sample.exact_below(), 0.0);
        assert_eq!(Sample::new().quantile(0.5), None);
    }
}
