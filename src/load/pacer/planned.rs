//! When requests are due.

use super::mix::Kind;

/// A planned request: its client, its time and its message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// The index of the client within its thread.
    pub client: usize,
    /// Planned send, in nanoseconds since the load began. Response time starts here.
    pub at_ns: u64,
    /// Which of the load's messages.
    pub kind: Kind,
}

/// Decides which client sends when.
///
/// In a closed loop a client's next request is due when the client is free. An open loop
/// follows a plan, whether clients are free or not.
pub trait Pacer {
    /// Frees a client: it got its reply, or lost its request, at `now_ns`.
    fn free(&mut self, client: usize, now_ns: u64);

    /// Removes and returns the next request that is due by `now_ns`.
    fn due(&mut self, now_ns: u64) -> Option<Planned>;

    /// When the next request is due, without further replies.
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
