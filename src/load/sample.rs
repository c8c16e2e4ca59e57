//! Latencies, some of which are censored: only a lower bound is known.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::histogram_text;
pub use super::histogram_text::HIGHEST_NS;

/// A histogram from 1 ns to 1 h with three significant digits. It never grows, so recording never
/// allocates.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_NS, 3).expect("these bounds are valid")
}

/// The requests of a trial: the answered ones, and the censored (unanswered) ones at their ages.
///
/// Without the censored ones, a server that does not answer would look fast.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// Latencies of answered requests.
    #[serde(with = "histogram_text")]
    pub answered: Histogram<u64>,
    /// Ages of requests that were given up, timed out, or never sent.
    #[serde(with = "histogram_text")]
    pub censored: Histogram<u64>,
}

/// A quantile of a [`Sample`], in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// The exact value.
    Exact(u64),
    /// A lower bound: too many requests have no reply for an exact value.
    Over(u64),
}

impl Quantile {
    /// The exact value, or the lower bound.
    pub fn at_least_ns(self) -> u64 {
        match self {
            Quantile::Exact(ns) | Quantile::Over(ns) => ns,
        }
    }
}

impl Sample {
    /// An empty sample.
    pub fn new() -> Sample {
        Sample {
            answered: histogram(),
            censored: histogram(),
        }
    }

    /// The number of requests.
    pub fn count(&self) -> u64 {
        self.answered.len() + self.censored.len()
    }

    /// Adds another thread's requests of the same trial.
    pub fn add(&mut self, other: &Sample) {
        // Both have the bounds of `histogram`, so adding cannot fail.
        let _ = self.answered.add(&other.answered);
        let _ = self.censored.add(&other.censored);
    }

    /// The quantile `q`. It is exact if it is the same with the censored requests at their ages
    /// and at infinity. `None` for an empty sample.
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

    /// Quantiles up to this one are exact: 1 without censored requests.
    pub fn exact_below(&self) -> f64 {
        if self.censored.is_empty() {
            1.0
        } else {
            self.certain() as f64 / self.count() as f64
        }
    }

    /// The age of the youngest censored request; 0 without censored requests.
    pub fn censored_min_ns(&self) -> u64 {
        if self.censored.is_empty() {
            0
        } else {
            self.censored.min()
        }
    }

    /// The mean with censored requests at their ages: a lower bound if there are any.
    pub fn mean_ns(&self) -> Option<f64> {
        let sum = |histogram: &Histogram<u64>| histogram.mean() * histogram.len() as f64;
        match self.count() {
            0 => None,
            count => Some((sum(&self.answered) + sum(&self.censored)) / count as f64),
        }
    }

    /// The longest latency or age: a lower bound if there are censored requests.
    pub fn max_ns(&self) -> Option<u64> {
        (self.count() > 0).then(|| self.answered.max().max(self.censored.max()))
    }

    /// How many answered requests are not slower than any censored one: their ranks are certain.
    fn certain(&self) -> u64 {
        match self.censored.is_empty() {
            true => self.answered.len(),
            false => match self.censored.min() {
                0 => 0,
                youngest => self.answered.count_between(0, youngest),
            },
        }
    }

    /// The value of the `rank`-th request, with censored requests at their ages.
    fn value_of_rank(&self, rank: u64) -> u64 {
        if self.censored.is_empty() {
            return at_rank(&self.answered, rank);
        }
        // Binary search for the least value that at least `rank` requests do not exceed.
        let count_up_to = |value| count_to(&self.answered, value) + count_to(&self.censored, value);
        let (mut low, mut high) = (0, self.answered.max().max(self.censored.max()));
        while low < high {
            let middle = low + (high - low) / 2;
            if count_up_to(middle) >= rank {
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

/// hdrhistogram computes the rank ⌈q·n⌉ in floating point. The quantile in the middle of the rank
/// avoids rounding errors.
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
        // 90 answered in 100 ns, 10 unanswered at an age of 1000 ns.
        let sample = sample(&[100; 90], &[1000; 10]);
        assert_eq!(sample.exact_below(), 0.9);
        assert_eq!(sample.quantile(0.9), Some(Quantile::Exact(100)));
        assert_eq!(sample.quantile(0.95), Some(Quantile::Over(1000)));
        assert_eq!(sample.mean_ns(), Some(190.0));
        assert_eq!(sample.censored_min_ns(), 1000);
    }

    #[test]
    fn quantiles_slower_than_a_censored_request_are_bounds() {
        // The true latency of the censored request is 100 ns or more: only 10 ns is certain.
        let sample = sample(&[10, 200, 300], &[100]);
        assert_eq!(sample.quantile(0.25), Some(Quantile::Exact(10)));
        assert_eq!(sample.quantile(0.5), Some(Quantile::Over(100)));
        assert_eq!(sample.quantile(1.0), Some(Quantile::Over(300)));
    }

    #[test]
    fn a_sample_without_replies_has_only_bounds() {
        let sample = sample(&[], &[5_000_000_000; 499]);
        assert!(matches!(
            sample.quantile(0.5),
            Some(Quantile::Over(5_000_000_000..))
        ));
        assert_eq!(sample.exact_below(), 0.0);
        assert_eq!(Sample::new().quantile(0.5), None);
    }
}
