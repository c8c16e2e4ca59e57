//! One interval of the series of a load.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::histogram_text;
use super::sample::HIGHEST_NS;

/// One interval of the series.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Interval {
    /// Correct replies that came in it.
    pub requests: u64,
    /// Requests planned in it.
    pub planned: u64,
    /// Requests that ended in it, with or without a reply.
    pub ended: u64,
    /// Latencies of the correct replies, with two significant digits.
    #[serde(with = "histogram_text")]
    pub latency: Histogram<u32>,
}

impl Interval {
    /// An interval without requests.
    pub(crate) fn new() -> Interval {
        Interval {
            requests: 0,
            planned: 0,
            ended: 0,
            latency: Histogram::new_with_bounds(1, HIGHEST_NS, 2).expect("these bounds are valid"),
        }
    }
}

/// A series for serde: without the intervals at its end in which nothing happened.
pub(crate) mod series {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Interval;
    use crate::load::window::MOST_INTERVALS;

    pub(crate) fn serialize<S: Serializer>(
        series: &[Interval],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let is_used =
            |interval: &Interval| interval.planned + interval.ended + interval.requests > 0;
        let used = series.iter().rposition(is_used).map_or(0, |last| last + 1);
        serializer.collect_seq(&series[..used])
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Interval>, D::Error> {
        let mut series = Vec::<Interval>::deserialize(deserializer)?;
        if series.len() > MOST_INTERVALS as usize {
            return Err(de::Error::custom("the series is too long"));
        }
        series.resize_with(MOST_INTERVALS as usize, Interval::new);
        Ok(series)
    }
}
