//! Requests from before the window.

use serde::{Deserialize, Serialize};

/// Requests planned before the window that had not ended when it began. They are in no latency:
/// the window would see the longer ones more often than they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Older {
    /// How many ended, answered or not.
    pub ended: u64,
    /// Of these, how many had no reply when the drain ended.
    pub unanswered: u64,
    /// The longest time from the planned send to the end.
    pub longest_ns: u64,
}

impl Older {
    pub(crate) fn ended(&mut self, after_ns: u64) {
        self.ended += 1;
        self.longest_ns = self.longest_ns.max(after_ns);
    }

    pub(crate) fn add(&mut self, other: &Older) {
        self.ended += other.ended;
        self.unanswered += other.unanswered;
        self.longest_ns = self.longest_ns.max(other.longest_ns);
    }
}
