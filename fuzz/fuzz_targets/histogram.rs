//! Fuzzes the decoding of a histogram from untrusted text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rpcbench::record::histogram::{decode, encode};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        decode(text);
    }
    // Random text is rarely valid base64, so the bytes behind it are fuzzed directly.
    if let Some(histogram) = rpcbench::record::histogram::from_bytes(data) {
        let again = decode(&encode(&histogram));
        assert_eq!(again.as_ref(), Some(&histogram));
        histogram.value_at_quantile(0.5);
    }
});
