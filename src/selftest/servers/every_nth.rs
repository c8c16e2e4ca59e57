//! A handler with a fault in one reply of 10,000.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::protocol::{Builtin, Outcome, Reply, Request, Service};

/// One request in this number has the fault: the 5,000th, the 15,000th and so on.
pub const EVERY: u64 = 10_000;

/// What happens to a reply.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// It is not sent.
    Drop,
    /// It carries other params than the request.
    Wrong,
}

/// Answers like [`Builtin`], but with a fault in each 10,000th reply.
#[derive(Debug)]
pub(super) struct EveryNth {
    fault: Fault,
    requests: AtomicU64,
}

impl EveryNth {
    pub(super) const fn new(fault: Fault) -> EveryNth {
        EveryNth {
            fault,
            requests: AtomicU64::new(0),
        }
    }
}

impl Service for EveryNth {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        /// Longer than any trial.
        const NEVER: Duration = Duration::from_secs(3600);
        let number = self.requests.fetch_add(1, Relaxed) + 1;
        let outcome = Builtin.call(request, reply);
        if number % EVERY != EVERY / 2 {
            return outcome;
        }
        match self.fault {
            Fault::Drop => Outcome::Wait(NEVER),
            Fault::Wrong => {
                reply.raw("pong", "\"another request\"");
                outcome
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reply_in_ten_thousand_has_the_fault() {
        let request = Request::parse(br#"{"in":"ping","params":7}"#).unwrap();
        let faults = |fault| {
            let service = EveryNth::new(fault);
            let is_faulty = |_: &u32| {
                let mut output = Vec::new();
                let outcome = service.call(&request, &mut Reply::new(&mut output, 1000));
                outcome != Outcome::Done || !output.ends_with(b"{\"out\":\"pong\",\"result\":7}")
            };
            (1..=30_000).filter(is_faulty).collect::<Vec<u32>>()
        };
        assert_eq!(faults(Fault::Drop), [5_000, 15_000, 25_000]);
        assert_eq!(faults(Fault::Wrong), [5_000, 15_000, 25_000]);
    }
}
