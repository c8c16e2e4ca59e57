//! What the clients saw of requests and connects that failed, from the start of the load on.

use serde::{Deserialize, Serialize};

use super::clients::failures::{ConnectFailure, Failure};

/// Bytes shown of an answer that is no message.
const SHOWN_BYTES: usize = 40;

/// Why requests had no correct reply. In contrast to the record's counts of failures it includes
/// the warm-up: clients that fail connect less and less often, so in a short window there may be
/// no failure at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCauses {
    /// Correct replies.
    pub correct: u64,
    /// Connections that the server closed.
    pub closed: u64,
    /// Connections that were reset.
    pub reset: u64,
    /// Connections given up because a request had no reply in time.
    pub timeouts: u64,
    /// Connects that were refused.
    pub refused: u64,
    /// Connects that timed out.
    pub connects_timed_out: u64,
    /// Connects that failed in any other way.
    pub connects_failed: u64,
    /// The first bytes that were no message, escaped.
    pub first_bytes: Option<String>,
}

impl FailureCauses {
    /// Counts a failed connection.
    pub(crate) fn failed(&mut self, failure: Failure) {
        match failure {
            Failure::Timeout => self.timeouts += 1,
            Failure::Closed => self.closed += 1,
            Failure::Reset => self.reset += 1,
            // Their bytes are kept instead.
            Failure::Protocol | Failure::Reply => {}
        }
    }

    /// Counts a connect that failed.
    pub(crate) fn not_connected(&mut self, failure: ConnectFailure) {
        match failure {
            ConnectFailure::Refused => self.refused += 1,
            ConnectFailure::TimedOut => self.connects_timed_out += 1,
            ConnectFailure::Reset => self.reset += 1,
            ConnectFailure::Failed => self.connects_failed += 1,
        }
    }

    /// Keeps the first bytes that are no message.
    pub(crate) fn not_a_message(&mut self, bytes: &[u8]) {
        self.first_bytes.get_or_insert_with(|| {
            let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
            let rest = if shown.len() < bytes.len() { "…" } else { "" };
            format!("{}{rest}", shown.escape_ascii())
        });
    }

    /// Adds what other clients saw.
    pub(crate) fn add(&mut self, other: &FailureCauses) {
        self.correct += other.correct;
        self.closed += other.closed;
        self.reset += other.reset;
        self.timeouts += other.timeouts;
        self.refused += other.refused;
        self.connects_timed_out += other.connects_timed_out;
        self.connects_failed += other.connects_failed;
        if self.first_bytes.is_none() {
            self.first_bytes.clone_from(&other.first_bytes);
        }
    }
}
