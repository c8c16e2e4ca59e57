//! Busy polling of a readiness loop.

use std::time::{Duration, Instant};

use super::settings::Limits;

/// Chooses how long a readiness loop that has nothing to do sleeps in its poll.
///
/// With [`Limits::busy_poll`] the loop polls without sleeping for that time after the last event.
/// A core that sleeps needs tens of microseconds to wake, which is then no part of the latency.
///
/// ```
/// use std::io;
/// use std::time::Instant;
///
/// use mio::{Events, Poll};
/// use rpcbench::BusyPoll;
///
/// /// Polls once, at most until `next`.
/// fn poll(
///     poll: &mut Poll,
///     events: &mut Events,
///     busy_poll: &mut BusyPoll,
///     next: Instant,
/// ) -> io::Result<()> {
///     poll.poll(events, Some(busy_poll.sleep_until(next)))?;
///     if !events.is_empty() {
///         busy_poll.restart();
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct BusyPoll {
    time: Option<Duration>,
    /// The loop may sleep from this time on.
    ends: Option<Instant>,
}

impl BusyPoll {
    /// Busy polling within these limits.
    pub fn new(limits: &Limits) -> BusyPoll {
        BusyPoll {
            time: limits.busy_poll,
            ends: None,
        }
    }

    /// There was an event: the time without sleeping starts anew.
    pub fn restart(&mut self) {
        self.ends = self.time.map(|time| Instant::now() + time);
    }

    /// The timeout of the next poll of a loop that must wake at `next`.
    pub fn sleep_until(&mut self, next: Instant) -> Duration {
        let now = Instant::now();
        if self.ends.is_some_and(|ends| now < ends) {
            return Duration::ZERO;
        }
        self.ends = None;
        next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(busy_poll: Option<Duration>) -> Limits {
        Limits {
            max_frame_bytes: 1,
            max_connections: None,
            idle_timeout: None,
            busy_timeout: None,
            busy_poll,
            drain: Duration::ZERO,
        }
    }

    #[test]
    fn a_loop_sleeps_only_after_the_time_of_busy_polling() {
        let hour = Duration::from_secs(3600);
        let next = Instant::now() + hour;
        let mut polling = BusyPoll::new(&limits(Some(hour / 2)));
        assert!(!polling.sleep_until(next).is_zero(), "there was no event");
        polling.restart();
        assert!(polling.sleep_until(next).is_zero());
        polling.ends = Some(Instant::now());
        assert!(!polling.sleep_until(next).is_zero());
        let mut off = BusyPoll::new(&limits(None));
        off.restart();
        assert!(!off.sleep_until(next).is_zero());
    }
}
