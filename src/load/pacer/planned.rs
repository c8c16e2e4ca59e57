//! When requests are due.

use super::mix::Kind;

/// A request that is due: who sends it, for when it was planned, and which message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The client, counted within its thread.
    pub client: usize,
    /// Nanoseconds since the load began; response time counts from here.
    pub at_ns: u64,
    /// Which of the load's messages.
    pub kind: Kind,
}

/// The shape of a load: says which client is to send and when.
///
/// A closed loop makes a client's next request due when it is free. An open
/// loop works off a plan and does not care who is free.
pub trait Pacer {
    /// `client` has its reply, or lost its request, at `now_ns`.
    fn free(&mut self, client: usize, now_ns: u64);

    /// The next request that is due by `now_ns`; each is given once.
    fn due(&mut self, now_ns: u64) -> Option<Planned>;

    /// When the next request is due that no reply brings about.
    fn next_ns(&self) -> Option<u64>;
}

impl Pacer for Box<dyn Pacer> {
    fn free(&mut self, client: usize, now_ns: u64) {
        (**self).free(client, now_ns);
    }

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        (**self).due(now_ns)
    }

    fn next_ns(&self) -> Option<u64> {
        (**self).next_ns()
    }
}
