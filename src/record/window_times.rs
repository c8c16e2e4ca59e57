//! When the window of a trial was.

use serde::{Deserialize, Serialize};

/// The edges of the window of a trial by two clocks, its start first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowTimes {
    /// In UTC (RFC 3339, microseconds).
    pub utc: [String; 2],
    /// By CLOCK_MONOTONIC of the host of the first generator, in nanoseconds.
    pub monotonic_ns: [u64; 2],
}
