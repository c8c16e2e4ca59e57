//! A client of a case: a blocking connection on which nothing takes longer than the case may.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::message::{frame, shortened};
use super::violation::{Checked, Violation, expect};

/// The longest wait for a reply, a close or room to write.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// The longest reply that is read.
const MAX_REPLY_BYTES: usize = 8 << 20;

/// How a reply is compared with the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Byte by byte: a model of rpcbench.
    Bytes,
    /// As JSON, and error replies only as such: a server of another program.
    Values,
}

/// A connection to the server under test.
#[derive(Debug)]
pub(super) struct Client {
    stream: TcpStream,
    comparison: Comparison,
    /// The end of the case.
    deadline: Instant,
}

impl Client {
    pub(super) fn connect(
        address: SocketAddr,
        comparison: Comparison,
        deadline: Instant,
    ) -> Checked<Client> {
        let connect = || {
            let stream = TcpStream::connect_timeout(&address, left(deadline))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let stream = connect()
            .map_err(|error: io::Error| Violation::new("a connection", error.to_string()))?;
        Ok(Client {
            stream,
            comparison,
            deadline,
        })
    }

    /// Sends these bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Checked {
        if self.try_send(bytes, STEP_LIMIT) {
            return Ok(());
        }
        let expected = format!("the server takes {} bytes", bytes.len());
        Err(Violation::new(
            expected,
            "it closed the connection, or read nothing in time",
        ))
    }

    /// Sends a request with this body.
    pub(super) fn send_body(&mut self, body: &str) -> Checked {
        self.send(&frame(body))
    }

    /// Whether the server has taken all these bytes, within `max` per write.
    pub(super) fn try_send(&mut self, bytes: &[u8], max: Duration) -> bool {
        let timeout = max.min(left(self.deadline));
        let set = self.stream.set_write_timeout(Some(timeout));
        set.and_then(|()| self.stream.write_all(bytes)).is_ok()
    }

    /// The next reply; `None` when the connection was closed before it.
    pub(super) fn receive(&mut self) -> Checked<Option<String>> {
        match self.read_reply(STEP_LIMIT) {
            Ok(reply) => Ok(reply),
            Err(error) => Err(Violation::new("a reply", error.to_string())),
        }
    }

    /// Whether a reply arrives within `max`; it is read.
    pub(super) fn receives_within(&mut self, max: Duration) -> bool {
        matches!(self.read_reply(max), Ok(Some(_)))
    }

    /// Sends a request with this body and returns the reply.
    pub(super) fn ask(&mut self, body: &str) -> Checked<String> {
        self.send_body(body)?;
        let reply = self.receive()?;
        let asked = || format!("a reply to {}", shortened(body));
        reply.ok_or_else(|| Violation::new(asked(), "the connection was closed"))
    }

    /// Sends a request with this body and expects this reply.
    pub(super) fn ask_for(&mut self, body: &str, reply: &str) -> Checked {
        self.send_body(body)?;
        self.expect_reply(reply)
    }

    /// Expects this reply next.
    pub(super) fn expect_reply(&mut self, expected: &str) -> Checked {
        let seen = self.receive()?;
        let equal = |seen: &str| match self.comparison {
            Comparison::Bytes => seen == expected,
            Comparison::Values => value(seen).is_some() && value(seen) == value(expected),
        };
        let holds = seen.as_deref().is_some_and(equal);
        let expected = format!("the reply {}", shortened(expected));
        expect(holds, expected, || show(seen.as_deref()))
    }

    /// Expects an error reply next, from a model with this reason.
    pub(super) fn expect_error(&mut self, reason: &str) -> Checked {
        let seen = self.receive()?;
        let has_reason = |result: &str| match self.comparison {
            Comparison::Bytes => result.contains(reason),
            Comparison::Values => true,
        };
        let is_error = |seen: &str| {
            let reply = value(seen).unwrap_or(Value::Null);
            reply["out"] == "error" && reply["result"].as_str().is_some_and(has_reason)
        };
        let holds = seen.as_deref().is_some_and(is_error);
        let expected = format!("an error reply that says {reason:?}");
        expect(holds, expected, || show(seen.as_deref()))
    }

    /// Expects that the server closes the connection, in order or with a reset.
    pub(super) fn expect_closed(&mut self) -> Checked {
        let seen = match self.read(&mut [0; 1], STEP_LIMIT) {
            Ok(0) => return Ok(()),
            Err(error) if is_close(&error) => return Ok(()),
            Ok(_) => "a byte of a reply".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(Violation::new("the connection is closed", seen))
    }

    /// Whether the server has closed the connection, or does within `max`.
    pub(super) fn is_closed_within(&mut self, max: Duration) -> bool {
        match self.read(&mut [0; 1], max) {
            Ok(bytes) => bytes == 0,
            Err(error) => is_close(&error),
        }
    }

    /// Whether the server has reset or closed the connection while nothing was read from it.
    pub(super) fn is_cut(&self) -> bool {
        self.stream.peer_addr().is_err() || matches!(self.stream.take_error(), Ok(Some(_)))
    }

    /// Shuts the sending side.
    pub(super) fn shut(&mut self) -> Checked {
        let shut = self.stream.shutdown(Shutdown::Write);
        shut.map_err(|error| Violation::new("the sending side can be shut", error.to_string()))
    }

    fn read_reply(&mut self, max: Duration) -> io::Result<Option<String>> {
        let mut header = [0; crate::protocol::HEADER_BYTES];
        if !self.fill(&mut header, max)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(header) as usize;
        if length > MAX_REPLY_BYTES {
            let what = format!("the header of a reply with {length} bytes");
            return Err(io::Error::other(what));
        }
        let mut body = vec![0; length];
        if !self.fill(&mut body, max)? {
            return Err(io::Error::other("a close inside a reply"));
        }
        String::from_utf8(body)
            .map(Some)
            .map_err(|_| io::Error::other("a reply that is not UTF-8"))
    }

    /// Fills `space`; false when the connection was closed before.
    fn fill(&mut self, space: &mut [u8], max: Duration) -> io::Result<bool> {
        let mut filled = 0;
        while filled < space.len() {
            match self.read(&mut space[filled..], max) {
                Ok(0) => return Ok(false),
                Ok(bytes) => filled += bytes,
                Err(error) if is_close(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn read(&mut self, space: &mut [u8], max: Duration) -> io::Result<usize> {
        let timeout = max.min(left(self.deadline));
        self.stream.set_read_timeout(Some(timeout))?;
        self.stream.read(space).map_err(|error| {
            let timed_out = error.kind() == io::ErrorKind::WouldBlock;
            let text = || format!("nothing within {timeout:?}");
            if timed_out {
                io::Error::new(io::ErrorKind::TimedOut, text())
            } else {
                error
            }
        })
    }
}

/// The time until `deadline`; never zero, which would be no limit.
fn left(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    left.clamp(Duration::from_millis(1), STEP_LIMIT)
}

fn is_close(error: &io::Error) -> bool {
    let closes = [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
    ];
    closes.contains(&error.kind())
}

fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn show(reply: Option<&str>) -> String {
    reply.map_or_else(|| "the connection was closed".to_owned(), shortened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A client that finds these bytes and then the end of the stream.
    fn client_of(bytes: &[u8], comparison: Comparison) -> Client {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let deadline = Instant::now() + STEP_LIMIT;
        let client = Client::connect(listener.local_addr().unwrap(), comparison, deadline).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(bytes).unwrap();
        client
    }

    #[test]
    fn a_reply_is_compared_by_bytes_or_by_value() {
        let spaced = frame(r#"{"result": 2.5, "out": "pong"}"#);
        let expected = r#"{"out":"pong","result":2.50}"#;
        let mut by_value = client_of(&spaced, Comparison::Values);
        assert_eq!(by_value.expect_reply(expected), Ok(()));
        let mut by_bytes = client_of(&spaced, Comparison::Bytes);
        let violation = by_bytes.expect_reply(expected).unwrap_err();
        assert!(violation.expected.contains(expected), "{violation}");
        assert!(violation.seen.contains(r#""result": 2.5"#), "{violation}");
        let mut other = client_of(&frame("{}"), Comparison::Values);
        assert!(other.expect_reply(expected).is_err());
    }

    #[test]
    fn what_is_no_reply_is_a_violation_and_not_a_close() {
        let cut = &frame("{}")[..5];
        for (bytes, seen) in [
            (cut, "a close inside a reply"),
            (&u32::MAX.to_le_bytes()[..], "4294967295 bytes"),
            (&[1, 0, 0, 0, 0xff], "not UTF-8"),
        ] {
            let violation = client_of(bytes, Comparison::Values).receive().unwrap_err();
            assert!(violation.seen.contains(seen), "{violation}");
        }
        assert_eq!(client_of(&[], Comparison::Values).receive(), Ok(None));
    }

    #[test]
    fn no_step_outlasts_the_case() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        let address = listener.local_addr().unwrap();
        let mut client = Client::connect(address, Comparison::Bytes, deadline).unwrap();
        let violation = client.receive().unwrap_err();
        assert!(violation.seen.starts_with("nothing within"), "{violation}");
        assert!(client.expect_closed().is_err());
    }
}
