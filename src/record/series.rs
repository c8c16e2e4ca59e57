//! What a trial showed over time.

use serde::{Deserialize, Serialize};

/// One interval of the series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its beginning, from the window's.
    pub t_s: f64,
    /// Right replies in it.
    pub requests: u64,
    /// Their median latency in nanoseconds.
    pub p50: Option<u64>,
    /// Their p99 in nanoseconds.
    pub p99: Option<u64>,
    /// Their longest latency in nanoseconds.
    pub max: Option<u64>,
    /// Their latencies, HdrHistogram V2 with DEFLATE, in base64, at two digits; empty for none.
    #[serde(default)]
    pub histogram: String,
    /// Open loop: requests planned in it; null in a closed loop.
    #[serde(default)]
    pub planned: Option<u64>,
    /// Requests under way at its end: planned, be it in the warm-up, and neither answered nor failed.
    #[serde(default)]
    pub under_way: Option<u64>,
}

/// What a trial showed whose rate was to be over capacity and then fell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Overload {
    /// Right replies a second from the window's begin until the rate fell.
    pub goodput_rps: f64,
    /// How long after that it had caught up; null where it had not by the window's end.
    pub recovered_s: Option<f64>,
}
