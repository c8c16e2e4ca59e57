//! Keys with due times, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Keys with due times, for a loop that waits with a timeout of nanoseconds. One whose timeout is
/// rounded uses [`Timers`](crate::Timers).
///
/// ```
/// use std::time::Instant;
///
/// use rpcbench::TimerQueue;
///
/// let mut timers = TimerQueue::default();
/// let now = Instant::now();
/// timers.add(now, 7);
/// assert_eq!(timers.next(), Some(now));
/// assert_eq!(timers.pop_due(now), Some((7, now)));
/// assert_eq!(timers.pop_due(now), None);
/// ```
#[derive(Debug, Default)]
pub struct TimerQueue {
    queue: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl TimerQueue {
    /// Adds `key`, due at `at`.
    pub fn add(&mut self, at: Instant, key: usize) {
        self.queue.push(Reverse((at, key)));
    }

    /// When the first key is due.
    pub fn next(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((at, _))| *at)
    }

    /// Removes and returns a key that is due at `now`. Its time distinguishes it from an earlier
    /// use of the key.
    pub fn pop_due(&mut self, now: Instant) -> Option<(usize, Instant)> {
        if self.next()? > now {
            return None;
        }
        self.queue.pop().map(|Reverse((at, key))| (key, at))
    }
}
