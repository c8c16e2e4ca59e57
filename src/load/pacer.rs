//! When requests are due.

use std::collections::VecDeque;

/// A request that is due: who sends it, and for when it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The client, counted within its thread.
    pub client: usize,
    /// Nanoseconds since the load began; response time counts from here.
    pub at_ns: u64,
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

/// The closed loop: each client sends when its reply is in (Schroeder et al., NSDI 2006).
///
/// Its latencies are those at saturation, with as many waiting as there are clients.
#[derive(Debug)]
pub struct ClosedLoop {
    free: VecDeque<Planned>,
}

impl ClosedLoop {
    /// All `clients` are free when the load begins.
    pub fn new(clients: usize) -> ClosedLoop {
        ClosedLoop {
            free: (0..clients)
                .map(|client| Planned { client, at_ns: 0 })
                .collect(),
        }
    }
}

impl Pacer for ClosedLoop {
    fn free(&mut self, client: usize, now_ns: u64) {
        self.free.push_back(Planned {
            client,
            at_ns: now_ns,
        });
    }

    fn due(&mut self, _now_ns: u64) -> Option<Planned> {
        self.free.pop_front()
    }

    fn next_ns(&self) -> Option<u64> {
        None
    }
}
