//! Replies over the window of a trial, in short slices.

use serde::{Deserialize, Serialize};

/// The replies of each slice of the window. There are at most 50, whatever the length of the
/// window; a window that ended early has only the whole ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// The length of each slice, in nanoseconds.
    pub length_ns: u64,
    /// Correct replies in each slice.
    pub replies: Vec<u64>,
    /// The mean latency of these replies, in nanoseconds; null without a reply.
    pub latency_mean_ns: Vec<Option<u64>>,
}
