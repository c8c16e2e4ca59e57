//! One client: its connection, its requests in flight, and its requests that wait to be sent.

use serde::{Deserialize, Serialize};

use std::collections::VecDeque;

use super::message::Tag;
use crate::load::pacer::mix::Kind;
use crate::protocol::{WriteMode, WriteSplitter};
use crate::sys::timestamps::SendStamp;

/// A request that waits to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueuedRequest {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
}

/// A request in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    pub(crate) planned_ns: u64,
    pub(crate) kind: Kind,
    /// When it could first have been sent.
    pub(crate) able_ns: u64,
    pub(crate) sent_ns: u64,
    pub(crate) tag: Tag,
    pub(crate) stamp: Stamp,
}

/// When the last byte of a request left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    NotAsked,
    /// It has been asked for; the byte has this position in the stream.
    Asked {
        last_byte: u32,
    },
    /// At this time of the real-time clock.
    At {
        real_ns: u64,
    },
}

/// The state of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// There is no connection. A connect is allowed from this time on.
    Down {
        retry_ns: u64,
    },
    /// A connect is in progress since this time.
    Connecting {
        since_ns: u64,
    },
    Up,
}

/// The result of one client when the load has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ClientNumbers", into = "ClientNumbers")]
pub struct ClientResult {
    /// Correct replies inside the window.
    pub replies: u64,
    /// The longest response time of its requests that ended in the window or later.
    pub longest_wait_ns: u64,
    /// Its requests that were under way in the window, or planned in it.
    pub asked: u64,
    /// Of these, those with a correct reply, also in the drain.
    pub answered: u64,
    /// Of these, those that had no reply at the end of the drain.
    pub unanswered: u64,
    /// Its requests planned inside the window.
    pub planned: u64,
    /// Of these, those with a correct reply, also in the drain.
    pub answered_planned: u64,
    /// Whether any reply to them came, correct or wrong.
    pub got_reply: bool,
}

/// A client's result as numbers only: there may be many clients.
type ClientNumbers = (u64, u64, u64, u64, u64, u64, u64, bool);

impl From<ClientResult> for ClientNumbers {
    fn from(client: ClientResult) -> ClientNumbers {
        (
            client.replies,
            client.longest_wait_ns,
            client.asked,
            client.answered,
            client.unanswered,
            client.planned,
            client.answered_planned,
            client.got_reply,
        )
    }
}

impl From<ClientNumbers> for ClientResult {
    fn from(numbers: ClientNumbers) -> ClientResult {
        ClientResult {
            replies: numbers.0,
            longest_wait_ns: numbers.1,
            asked: numbers.2,
            answered: numbers.3,
            unanswered: numbers.4,
            planned: numbers.5,
            answered_planned: numbers.6,
            got_reply: numbers.7,
        }
    }
}

impl ClientResult {
    /// Counts a request that ended after `wait_ns`, in the window or later.
    pub(crate) fn waited(&mut self, wait_ns: u64) {
        self.asked += 1;
        self.longest_wait_ns = self.longest_wait_ns.max(wait_ns);
    }

    /// Whether it sent requests and got no correct reply.
    pub fn is_unserved(&self) -> bool {
        self.asked > 0 && self.answered == 0
    }

    /// Whether it got no reply at all and requests were still unanswered at the end.
    pub fn is_starved(&self) -> bool {
        self.is_unserved() && !self.got_reply && self.unanswered > 0
    }
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) link: ConnectionState,
    /// Requests that wait to be sent, in the order of the plan.
    pub(crate) waiting: VecDeque<QueuedRequest>,
    /// Requests in flight. Replies come in this order.
    pub(crate) flights: VecDeque<InFlight>,
    /// The first part of a reply that is not complete.
    pub(crate) inbox: Vec<u8>,
    /// Bytes of requests that the socket has not accepted yet.
    pub(crate) outbox: Vec<u8>,
    splitter: WriteSplitter,
    /// Whether the connection has time stamps.
    pub(crate) is_stamped: bool,
    /// Bytes that were sent on the connection. The kernel counts them the same way: it wraps at 2³².
    sent_bytes: u32,
    /// Requests in flight whose stamp has been asked for and has not come.
    pub(crate) stamps_asked: usize,
    /// Number of replies on this connection.
    pub(crate) on_connection: u32,
    /// The number of the last common reconnect before its connection was established.
    pub(crate) reconnects_seen: u64,
    /// When it could first have sent. Any later send is scheduling delay of the generator.
    pub(crate) able_ns: u64,
    /// Failures since the last reply.
    pub(crate) failures: u32,
    pub(crate) sequence: u64,
    pub(crate) result: ClientResult,
}

impl Client {
    pub(crate) fn new(pipeline: usize, write_mode: WriteMode) -> Client {
        Client {
            link: ConnectionState::Down { retry_ns: 0 },
            waiting: VecDeque::with_capacity(pipeline + 1),
            flights: VecDeque::with_capacity(pipeline),
            inbox: Vec::new(),
            outbox: Vec::new(),
            splitter: WriteSplitter::new(write_mode),
            is_stamped: false,
            sent_bytes: 0,
            stamps_asked: 0,
            on_connection: 0,
            reconnects_seen: 0,
            able_ns: 0,
            failures: 0,
            sequence: 0,
            result: ClientResult::default(),
        }
    }

    /// Resets the state of the connection. The next connect is allowed from `retry_ns` on.
    pub(crate) fn disconnect(&mut self, retry_ns: u64) {
        self.link = ConnectionState::Down { retry_ns };
        self.on_connection = 0;
        self.inbox.clear();
        self.outbox.clear();
        self.splitter.restart();
        self.end_stamps();
    }

    /// Begins with the stamps of a new connection, whose next byte has this position; `None`: it has
    /// none.
    pub(crate) fn begin_stamps(&mut self, next_byte: Option<u32>) {
        self.is_stamped = next_byte.is_some();
        self.sent_bytes = next_byte.unwrap_or(0);
    }

    /// Goes on without stamps.
    pub(crate) fn end_stamps(&mut self) {
        self.is_stamped = false;
        self.stamps_asked = 0;
        for flight in &mut self.flights {
            flight.stamp = Stamp::NotAsked;
        }
    }

    /// Asks for the stamp of the request in flight that is last in the outbox.
    pub(crate) fn ask_stamp(&mut self) {
        let Some(flight) = self.flights.back_mut().filter(|_| self.is_stamped) else {
            return;
        };
        // The length of an outbox fits: it holds a few frames.
        let end = self.sent_bytes.wrapping_add(self.outbox.len() as u32);
        flight.stamp = Stamp::Asked {
            last_byte: end.wrapping_sub(1),
        };
        self.stamps_asked += 1;
    }

    /// Whether the next write ends with a request whose stamp has been asked for.
    pub(crate) fn writes_stamped(&self) -> bool {
        let asked = self.flights.back();
        let asked = asked.is_some_and(|flight| matches!(flight.stamp, Stamp::Asked { .. }));
        asked && self.unwritten().len() == self.outbox.len()
    }

    /// Notes when a request left. Stamps that belong to none, such as those of a part of a
    /// request or of a repeated segment, are ignored.
    pub(crate) fn take_stamp(&mut self, stamp: SendStamp) {
        let asked = Stamp::Asked {
            last_byte: stamp.byte,
        };
        let mut newest_first = self.flights.iter_mut().rev();
        if let Some(flight) = newest_first.find(|flight| flight.stamp == asked) {
            flight.stamp = Stamp::At {
                real_ns: stamp.real_ns,
            };
            self.stamps_asked -= 1;
        }
    }

    /// Removes the oldest request in flight: its reply has come.
    pub(crate) fn landed(&mut self) {
        let flight = self.flights.pop_front();
        if flight.is_some_and(|flight| matches!(flight.stamp, Stamp::Asked { .. })) {
            self.stamps_asked -= 1;
        }
    }

    /// The bytes for the next write; empty when everything is written.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.outbox[..self.splitter.next(self.outbox.len())]
    }

    /// Removes the first `bytes` of the unwritten bytes: they have been written.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.splitter.wrote(&self.outbox[..bytes]);
        self.sent_bytes = self.sent_bytes.wrapping_add(bytes as u32);
        if bytes == self.outbox.len() {
            self.outbox.clear();
        } else {
            drop(self.outbox.drain(..bytes));
        }
    }

    /// Memory of this client, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        size_of::<Client>()
            + self.waiting.capacity() * size_of::<QueuedRequest>()
            + self.flights.capacity() * size_of::<InFlight>()
            + self.inbox.capacity()
            + self.outbox.capacity()
    }

    /// How long to wait before the next connect: 0 after the first failure, at most 1 s.
    pub(crate) fn backoff_ns(&self) -> u64 {
        match self.failures {
            0 | 1 => 0,
            failures => 10_000_000_u64
                .saturating_mul(1 << failures.min(20))
                .min(1_000_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(client: &mut Client, bytes: usize, is_stamped: bool) {
        client.flights.push_back(InFlight {
            planned_ns: 0,
            kind: Kind::Usual,
            able_ns: 0,
            sent_ns: 0,
            tag: 0,
            stamp: Stamp::NotAsked,
        });
        client.outbox.resize(client.outbox.len() + bytes, 0);
        if is_stamped {
            client.ask_stamp();
        }
    }

    fn stamp(byte: u32, real_ns: u64) -> SendStamp {
        SendStamp { byte, real_ns }
    }

    #[test]
    fn a_stamp_finds_its_request_by_the_position_of_its_last_byte() {
        let mut client = Client::new(4, WriteMode::Default);
        client.is_stamped = true;
        // The positions wrap inside the second request.
        client.sent_bytes = u32::MAX - 49;
        send(&mut client, 40, true);
        client.wrote(40);
        send(&mut client, 40, true);
        assert!(client.writes_stamped());
        client.wrote(30);
        assert!(client.writes_stamped(), "the rest ends with it too");
        client.wrote(10);
        client.take_stamp(stamp(u32::MAX - 10, 1));
        client.take_stamp(stamp(19, 2));
        client.take_stamp(stamp(29, 3));
        client.take_stamp(stamp(29, 4));
        let stamps: Vec<Stamp> = client.flights.iter().map(|flight| flight.stamp).collect();
        let expected = [1, 3].map(|real_ns| Stamp::At { real_ns });
        assert_eq!((stamps.as_slice(), client.stamps_asked), (&expected[..], 0));
    }

    #[test]
    fn a_new_connection_counts_its_bytes_from_0_again() {
        let mut client = Client::new(4, WriteMode::Default);
        client.begin_stamps(Some(0));
        send(&mut client, 40, true);
        client.wrote(40);
        client.landed();
        assert_eq!(client.stamps_asked, 0, "its reply came before its stamp");
        client.disconnect(0);
        send(&mut client, 40, true);
        assert_eq!(client.stamps_asked, 0, "the connection has no stamps");
        client.begin_stamps(Some(0));
        client.ask_stamp();
        send(&mut client, 40, false);
        assert!(!client.writes_stamped(), "the last one has none");
        client.take_stamp(stamp(39, 5));
        let stamps: Vec<Stamp> = client.flights.iter().map(|flight| flight.stamp).collect();
        assert_eq!(stamps, [Stamp::At { real_ns: 5 }, Stamp::NotAsked]);
    }
}
