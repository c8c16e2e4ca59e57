//! The time stamps of a simulated world.

use std::collections::VecDeque;

use rpcbench::internal::load::SendStamp;

/// The real-time clock when the load begins.
const BOOT_NS: u64 = 1_700_000_000_000_000_000;
/// How long after the call the bytes leave.
pub(crate) const LEAVING_NS: u64 = 2_000;

/// What the kernel would stamp.
pub(crate) struct FakeStamps {
    /// Whether connections have stamps.
    pub(crate) are_there: bool,
    /// Whether the system refuses to stamp what is sent, though it has accepted the option.
    pub(crate) refuses_sends: bool,
    /// The position of the first byte of a connection.
    pub(crate) first_byte: u32,
    /// When the real-time clock is set forward, and by how much (wrapping).
    pub(crate) jump: (u64, u64),
    /// By connection: whether it has stamps, bytes sent, stamps in the error queue, arrival of the
    /// last byte.
    connections: Vec<Connection>,
}

#[derive(Clone, Default)]
struct Connection {
    is_stamped: bool,
    sent_bytes: u32,
    queue: VecDeque<SendStamp>,
    arrived_ns: u64,
}

impl FakeStamps {
    pub(crate) fn new(connections: usize) -> FakeStamps {
        FakeStamps {
            are_there: false,
            refuses_sends: false,
            first_byte: 0,
            jump: (u64::MAX, 0),
            connections: vec![Connection::default(); connections],
        }
    }

    pub(crate) fn real_ns(&self, now_ns: u64) -> u64 {
        let (jump_ns, by_ns) = self.jump;
        let by_ns = if now_ns >= jump_ns { by_ns } else { 0 };
        BOOT_NS.wrapping_add(now_ns).wrapping_add(by_ns)
    }

    pub(crate) fn enable(&mut self, client: usize) -> Option<u32> {
        let connection = &mut self.connections[client];
        connection.is_stamped = self.are_there;
        connection.sent_bytes = self.first_byte;
        self.are_there.then_some(self.first_byte)
    }

    pub(crate) fn sent(&mut self, client: usize, bytes: usize, now_ns: u64, is_asked: bool) {
        let real_ns = self.real_ns(now_ns + LEAVING_NS);
        let connection = &mut self.connections[client];
        if !connection.is_stamped {
            return;
        }
        let bytes = u32::try_from(bytes).unwrap();
        connection.sent_bytes = connection.sent_bytes.wrapping_add(bytes);
        if is_asked {
            let byte = connection.sent_bytes.wrapping_sub(1);
            connection.queue.push_back(SendStamp { byte, real_ns });
        }
    }

    pub(crate) fn next(&mut self, client: usize) -> Option<SendStamp> {
        self.connections[client].queue.pop_front()
    }

    pub(crate) fn arrived(&mut self, client: usize, at_ns: u64) {
        self.connections[client].arrived_ns = at_ns;
    }

    pub(crate) fn last_real_ns(&self, client: usize) -> u64 {
        self.real_ns(self.connections[client].arrived_ns)
    }

    pub(crate) fn closed(&mut self, client: usize) {
        self.connections[client] = Connection::default();
    }
}
