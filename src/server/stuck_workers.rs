//! Which workers are stuck in a handler that does not return.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What was last seen of each worker that was in a handler.
#[derive(Debug, Default)]
pub(crate) struct StuckWorkers(HashMap<usize, Seen>);

/// A handler that was running, and since when it has been seen to.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Requests that the worker had served before this one.
    served: u64,
    since: Instant,
}

impl StuckWorkers {
    /// Looks at worker `slot`, which is in a handler after so many requests, or in none.
    ///
    /// True when it has been in the same one for `after`; it is then forgotten.
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
        let new = Seen { served, since: now };
        let seen = self.0.entry(slot).or_insert(new);
        if seen.served != served {
            *seen = new;
        }
        let hung = now.duration_since(seen.since) >= after;
        if hung {
            self.0.remove(&slot);
        }
        hung
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_call_for_the_whole_time_is_a_hang() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let after = Duration::from_secs(30);
        let mut hung = StuckWorkers::default();
        assert!(!hung.look(0, Some(5), after, at(0)));
        // Another call each time, however often it is seen busy.
        assert!(!hung.look(0, Some(6), after, at(29)));
        assert!(!hung.look(0, Some(6), after, at(58)));
        // Between requests, or asleep, it is in no call.
        assert!(!hung.look(0, None, after, at(59)));
        assert!(!hung.look(0, Some(6), after, at(60)));
        assert!(!hung.look(1, Some(1), after, at(60)));
        assert!(!hung.look(0, Some(6), after, at(89)));
        assert!(hung.look(0, Some(6), after, at(90)));
        // Whoever has its place now begins anew.
        assert!(!hung.look(0, Some(6), after, at(91)));
    }
}
