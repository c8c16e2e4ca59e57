//! The results of a trial over time.

use serde::{Deserialize, Serialize};

/// One interval of the series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Start of the interval, in seconds from the start of the window.
    pub t_s: f64,
    /// Correct replies in the interval.
    pub requests: u64,
    /// Median latency of these replies, in nanoseconds.
    pub p50: Option<u64>,
    /// p99 of their latency, in nanoseconds.
    pub p99: Option<u64>,
    /// Their longest latency, in nanoseconds.
    pub max: Option<u64>,
    /// Their latencies, HdrHistogram V2 with DEFLATE, in base64, with two significant digits;
    /// empty without replies.
    #[serde(default)]
    pub histogram: String,
    /// Open loop: requests planned in the interval; null in a closed loop.
    #[serde(default)]
    pub planned: Option<u64>,
    /// Requests in progress at the end of the interval: planned, in the window or the warm-up, and
    /// neither answered nor failed.
    #[serde(default)]
    pub under_way: Option<u64>,
}

/// The result of an overload: the rate is over capacity first and then falls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Overload {
    /// Goodput: correct replies per second from the start of the window until the rate fell.
    pub goodput_rps: f64,
    /// Time from the fall of the rate until the backlog was gone; null if it was not gone at the end
    /// of the window.
    pub recovered_s: Option<f64>,
}
