//! Histograms as text: HdrHistogram V2 with DEFLATE, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use hdrhistogram::{Counter, Histogram};

/// Encodes a histogram.
pub fn encode<T: Counter>(histogram: &Histogram<T>) -> String {
    let mut bytes = Vec::new();
    // Writing to memory fails only if the counts of a histogram exceed 64 bits.
    match V2DeflateSerializer::new().serialize(histogram, &mut bytes) {
        Ok(_) => STANDARD.encode(bytes),
        Err(_) => String::new(),
    }
}

/// Decodes a histogram; `None` if the text is not one.
pub fn decode(text: &str) -> Option<Histogram<u64>> {
    decode_counts(text)
}

/// Decodes a histogram with counts of this type; `None` if the text is not one.
pub(crate) fn decode_counts<T: Counter>(text: &str) -> Option<Histogram<T>> {
    /// A histogram of this program takes a few KiB, so a far longer text is not one of them.
    const MAX_BYTES: usize = 4 << 20;
    if text.len() > MAX_BYTES {
        return None;
    }
    let bytes = STANDARD.decode(text).ok()?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}

/// Decodes a histogram from its bytes, without base64; `None` if they are not one.
pub fn from_bytes(mut bytes: &[u8]) -> Option<Histogram<u64>> {
    Deserializer::new().deserialize(&mut bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_decoding_returns_the_same_histogram() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        (1..100_000_u64).for_each(|ns| histogram.record(ns * ns).unwrap());
        let text = encode(&histogram);
        assert_eq!(decode(&text).unwrap(), histogram);
        assert!(decode("").is_none() && decode("????").is_none() && decode(&text[..40]).is_none());
    }
}
