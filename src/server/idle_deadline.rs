//! When the idle timeout of a connection expires.

use std::time::{Duration, Instant};

/// The end of the idle timeout, which starts anew at each progress.
///
/// Reading the clock costs as much as a tenth of a system call. So progress is only marked, and
/// the clock is read when the driver waits: the timeout starts where the waiting starts.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use rpcbench::IdleDeadline;
///
/// let (begin, second) = (Instant::now(), Duration::from_secs(1));
/// let mut deadline = IdleDeadline::new(Some(second));
/// assert_eq!(deadline.at(begin), Some(begin + second));
/// // A byte inside a message is no progress, a request that was served is.
/// deadline.progressed();
/// assert_eq!(deadline.at(begin + second), Some(begin + 2 * second));
/// ```
#[derive(Debug)]
pub struct IdleDeadline {
    idle: Option<Duration>,
    at: Option<Instant>,
    has_progressed: bool,
    is_final: bool,
}

impl IdleDeadline {
    /// Starts the timeout; `None` never expires.
    pub fn new(idle: Option<Duration>) -> IdleDeadline {
        IdleDeadline {
            idle,
            at: None,
            has_progressed: true,
            is_final: false,
        }
    }

    /// Starts the timeout at `now`.
    pub fn starting(idle: Option<Duration>, now: Instant) -> IdleDeadline {
        let mut deadline = IdleDeadline::new(idle);
        deadline.progressed_at(now);
        deadline
    }

    /// The timeout starts anew.
    pub fn progressed(&mut self) {
        self.has_progressed = !self.is_final;
    }

    /// The timeout starts anew at `now`.
    pub fn progressed_at(&mut self, now: Instant) {
        self.progressed();
        self.at(now);
    }

    /// From now on the timeout is at most `longest`, and no progress extends it.
    pub fn end_within(&mut self, longest: Duration) {
        let time = self.idle.map_or(longest, |idle| idle.min(longest));
        self.at = Some(Instant::now() + time);
        (self.has_progressed, self.is_final) = (false, true);
    }

    /// The deadline, for a driver that begins to wait at `now`.
    pub fn at(&mut self, now: Instant) -> Option<Instant> {
        if std::mem::take(&mut self.has_progressed) {
            self.at = self.idle.map(|idle| now + idle);
        }
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_progress_moves_the_deadline() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let mut deadline = IdleDeadline::new(Some(second));
        assert_eq!(deadline.at(start), Some(start + second));
        assert_eq!(deadline.at(start + second), Some(start + second));
        deadline.progressed();
        assert_eq!(deadline.at(start + second), Some(start + 2 * second));
        deadline.progressed();
        deadline.end_within(Duration::ZERO);
        deadline.progressed_at(start + second);
        assert!(
            deadline
                .at(start + second)
                .is_some_and(|at| at < start + second)
        );
        assert_eq!(IdleDeadline::new(None).at(start), None);
    }
}
