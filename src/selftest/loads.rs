//! The loads of the checks.

use std::time::Duration;

use super::check::Length;
use crate::record::{LoadSpec, Mode};

/// An open loop at this rate.
pub(super) fn at_rate(mode: Mode, rate_rps: f64, clients: usize) -> LoadSpec {
    LoadSpec {
        mode,
        rate_rps: Some(rate_rps),
        clients,
        warmup: Duration::from_millis(200),
        ..LoadSpec::default()
    }
}

/// Sets the window of a quick and of a full self-test, in milliseconds.
pub(super) fn window(load: LoadSpec, length: Length, quick_ms: u64, full_ms: u64) -> LoadSpec {
    LoadSpec {
        duration: Duration::from_millis(match length {
            Length::Quick => quick_ms,
            Length::Full => full_ms,
        }),
        ..load
    }
}

/// Calls a method with these params.
pub(super) fn calling(load: LoadSpec, method: &str, params: &str) -> LoadSpec {
    LoadSpec {
        method: method.to_owned(),
        payload_bytes: params.len(),
        params: Some(params.to_owned()),
        ..load
    }
}
