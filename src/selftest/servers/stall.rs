//! A handler that stalls at regular times.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::protocol::{Builtin, Outcome, Reply, Request, Service};

/// How often it stalls.
pub const STALL_EVERY: Duration = Duration::from_secs(1);
/// How long.
pub const STALL: Duration = Duration::from_millis(100);
/// From the first request to the first stall. The window of the check begins and ends between two
/// stalls.
const FIRST_STALL: Duration = Duration::from_millis(250);

/// Answers `ping`, but during a stall the whole process sleeps until the stall ends.
#[derive(Debug)]
pub(super) struct Stall;

static FIRST_REQUEST: OnceLock<Instant> = OnceLock::new();

impl Service for Stall {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let first = *FIRST_REQUEST.get_or_init(Instant::now);
        if let Some(left) = stall_left(first.elapsed()) {
            thread::sleep(left);
        }
        Builtin.call(request, reply)
    }
}

/// The rest of the stall, if there is one this long after the first request.
fn stall_left(elapsed: Duration) -> Option<Duration> {
    let since_first = elapsed.checked_sub(FIRST_STALL)?;
    let every_ns = STALL_EVERY.as_nanos() as u64;
    let in_period = Duration::from_nanos((since_first.as_nanos() % u128::from(every_ns)) as u64);
    STALL.checked_sub(in_period).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_each_second_is_a_stall() {
        let left = |ms| stall_left(Duration::from_millis(ms));
        for calm in [0, 249, 350, 1000, 1249, 1350] {
            assert_eq!(left(calm), None, "{calm} ms");
        }
        assert_eq!(left(250), Some(STALL));
        assert_eq!(left(3349), Some(Duration::from_millis(1)));
    }
}
