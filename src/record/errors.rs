//! Failures of a trial, by kind.

use serde::{Deserialize, Serialize};

/// Failures by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCounts {
    /// Connects that were refused, failed or timed out.
    pub connect: u64,
    /// Requests without a reply before the timeout.
    pub timeout: u64,
    /// Requests on connections that were closed or reset.
    pub reset: u64,
    /// Bytes that are not a valid frame, or a frame without a request.
    pub protocol: u64,
    /// Wrong replies.
    pub reply: u64,
}

impl ErrorCounts {
    /// The sum of all kinds.
    pub fn total(&self) -> u64 {
        self.connect + self.timeout + self.reset + self.protocol + self.reply
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &ErrorCounts) {
        self.connect += other.connect;
        self.timeout += other.timeout;
        self.reset += other.reset;
        self.protocol += other.protocol;
        self.reply += other.reply;
    }

    /// The kinds with a count above 0, with their counts.
    pub fn kinds(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("connect", self.connect),
            ("timeout", self.timeout),
            ("reset", self.reset),
            ("protocol", self.protocol),
            ("wrong reply", self.reply),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}
