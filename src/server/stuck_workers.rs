//! Detects workers whose handler does not return.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The handler call last seen in each worker.
#[derive(Debug, Default)]
pub(crate) struct StuckWorkers(HashMap<usize, Call>);

/// A handler call.
#[derive(Debug, Clone, Copy)]
struct Call {
    /// Requests that the worker had served before this call.
    served: u64,
    /// When the call was first seen.
    since: Instant,
}

impl StuckWorkers {
    /// Checks worker `slot`. `called_after` is the number of requests that it
    /// served before the current handler call, `None` outside a call.
    ///
    /// Returns true when the same call has lasted for `after`, and removes the entry.
    pub(crate) fn look(
        &mut self,
        slot: usize,
        called_after: Option<u64>,
        after: Duration,
        now: Instant,
    ) -> bool {
        let Some(served) = called_after else {
            self.0.remove(&slot);
            return false;
        };
        let new = Call { served, since: now };
        let call = self.0.entry(slot).or_insert(new);
        if call.served != served {
            *call = new;
        }
        let is_stuck = now.duration_since(call.since) >= after;
        if is_stuck {
            self.0.remove(&slot);
        }
        is_stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_call_for_the_whole_time_counts_as_stuck() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let after = Duration::from_secs(30);
        let mut stuck = StuckWorkers::default();
        assert!(!stuck.look(0, Some(5), after, at(0)));
        // Busy at each check, but in different calls.
        assert!(!stuck.look(0, Some(6), after, at(29)));
        assert!(!stuck.look(0, Some(6), after, at(58)));
        // In no call, between requests or while a reply is delayed.
        assert!(!stuck.look(0, None, after, at(59)));
        assert!(!stuck.look(0, Some(6), after, at(60)));
        assert!(!stuck.look(1, Some(1), after, at(60)));
        assert!(!stuck.look(0, Some(6), after, at(89)));
        assert!(stuck.look(0, Some(6), after, at(90)));
        // The next worker in this slot starts from zero.
        assert!(!stuck.look(0, Some(6), after, at(91)));
    }
}
