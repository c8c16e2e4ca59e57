//! A handler that holds each reply for a fixed time.

use std::hint::spin_loop;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::protocol::{Builtin, Outcome, Reply, Request, Service};

/// A request that is read this soon after the last reply waited for it.
const BACK_TO_BACK: Duration = Duration::from_micros(150);

/// `hold` with a number of microseconds: replies that long after the request was read, in
/// wall-clock time. It polls the clock, since a sleeping core needs some 50 µs to wake up.
///
/// The service of a request that waited begins with the end of the last one, so that what the
/// server does between two requests does not lengthen the service time.
#[derive(Debug)]
pub(super) struct Hold;

/// When the last reply was due.
static LAST_END: Mutex<Option<Instant>> = Mutex::new(None);

impl Service for Hold {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let now = Instant::now();
        if request.method() != "hold" {
            return Builtin.call(request, reply);
        }
        let micros: u64 = request.params().parse().unwrap_or(0);
        reply.raw("hold", request.params());
        let mut last = LAST_END.lock().unwrap_or_else(PoisonError::into_inner);
        let end = begin(now, *last) + Duration::from_micros(micros);
        *last = Some(end);
        while Instant::now() < end {
            spin_loop();
        }
        Outcome::Done
    }
}

/// When the service of a request that is read now began.
fn begin(now: Instant, last_end: Option<Instant>) -> Instant {
    let waited = last_end.filter(|end| now.saturating_duration_since(*end) <= BACK_TO_BACK);
    waited.unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_times_of_a_busy_server_have_no_gap() {
        let end = Instant::now();
        let after = |us| end + Duration::from_micros(us);
        assert_eq!(begin(after(100), Some(end)), end);
        assert_eq!(begin(after(200), Some(end)), after(200));
        assert_eq!(begin(after(1), None), after(1));
    }
}
