//! Histograms of this generator as text, for serde. What has other bounds is refused: adding it
//! would fail.

use hdrhistogram::{Counter, Histogram};
use serde::{Deserialize, Deserializer, Serializer, de};

use crate::record::histogram::{decode_counts, encode};

/// The longest time in a histogram: one hour.
pub const HIGHEST_NS: u64 = 3_600_000_000_000;

pub(crate) fn serialize<T: Counter, S: Serializer>(
    histogram: &Histogram<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(histogram))
}

pub(crate) fn deserialize<'de, T: Counter, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Histogram<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let histogram: Option<Histogram<T>> = decode_counts(&text);
    let histogram = histogram.filter(|histogram| {
        let digits = histogram.sigfig();
        histogram.low() == 1 && histogram.high() == HIGHEST_NS && (2..=3).contains(&digits)
    });
    histogram.ok_or_else(|| de::Error::custom("a histogram is damaged"))
}
