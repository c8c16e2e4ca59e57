//! The request that is sent and the check of its reply.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::{HEADER_BYTES, append_frame};

/// Hex digits that make each `ping` differ from all others.
const TAG_BYTES: usize = 16;
/// The shortest string that a `ping` carries.
pub const LEAST_PAYLOAD_BYTES: usize = TAG_BYTES;

/// A request, and what its reply must be.
#[derive(Debug, Clone)]
pub struct Message {
    method: String,
    frame: Vec<u8>,
    payload_bytes: usize,
    /// The params, where they are the same every time.
    params: Option<String>,
    expected: Expected,
}

/// Another message that some requests are.
#[derive(Debug, Clone)]
pub struct Alternate {
    /// What is sent instead of the usual one.
    pub message: Message,
    /// One request in so many, drawn pseudo-randomly.
    pub one_in: u32,
}

#[derive(Debug, Clone)]
enum Expected {
    /// A whole body with the tag of the request at `at`, where `request_at` is its place in the request.
    Echo {
        body: Vec<u8>,
        at: usize,
        request_at: usize,
    },
    /// A reply of the method's name whose result is this, if it is known.
    Result(Option<Value>),
}

/// What a client must remember of a request to check its reply.
pub type Tag = u64;

impl Message {
    /// A `ping` whose params are a string of `payload_bytes`, which begins with a tag of 16 digits.
    pub fn ping(payload_bytes: usize) -> Message {
        let params = format!("\"{}\"", "0".repeat(payload_bytes.max(TAG_BYTES)));
        let frame = request_frame("ping", &params);
        let body = format!("{{\"out\":\"pong\",\"result\":{params}}}");
        let request_at = frame.len() - params.len();
        let at = body.len() - params.len();
        let expected = Expected::Echo {
            body: body.into_bytes(),
            at,
            request_at,
        };
        Message {
            method: "ping".to_owned(),
            frame,
            payload_bytes: params.len(),
            params: None,
            expected,
        }
    }

    /// Any other request, the same every time.
    ///
    /// # Errors
    /// When `params` are not JSON: what is wrong with them.
    pub fn call(method: &str, params: &str) -> Result<Message, String> {
        let value: Value = serde_json::from_str(params).map_err(|error| error.to_string())?;
        let expected = Expected::Result((method == "ping").then_some(value));
        Ok(Message {
            method: method.to_owned(),
            frame: request_frame(method, params),
            payload_bytes: params.len(),
            params: Some(params.to_owned()),
            expected,
        })
    }

    /// The method that it calls.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its params as JSON; `None` for pings, each of which carries its own tag.
    pub fn params(&self) -> Option<&str> {
        self.params.as_deref()
    }

    /// Bytes of its params.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Bytes of a request on the wire, its header included.
    pub fn frame_bytes(&self) -> usize {
        self.frame.len()
    }

    /// Writes the request with this tag into `out`.
    pub fn write(&self, tag: Tag, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        if let Expected::Echo { request_at, .. } = self.expected {
            out[start + request_at..][..TAG_BYTES].copy_from_slice(&hex(tag));
        }
    }

    /// Whether `body` is the right reply to the request with this tag.
    ///
    /// A reply that says the same in other words (spaces, another order of
    /// keys) is right too, only slower to check.
    pub fn is_answered_by(&self, tag: Tag, body: &[u8]) -> bool {
        match &self.expected {
            Expected::Echo {
                body: expected, at, ..
            } => {
                let tail = at + TAG_BYTES;
                let same = body.len() == expected.len()
                    && body[..*at] == expected[..*at]
                    && body[*at..tail] == hex(tag)
                    && body[tail..] == expected[tail..];
                same || self.says_the_same(body, &self.echoed(tag))
            }
            Expected::Result(Some(result)) => self.says_the_same(body, result),
            Expected::Result(None) => parse(body).is_some_and(|reply| reply.out == self.method),
        }
    }

    fn says_the_same(&self, body: &[u8], result: &Value) -> bool {
        let Some(reply) = parse(body) else {
            return false;
        };
        let value = serde_json::from_str::<Value>(reply.result.get());
        reply.out == "pong" && value.is_ok_and(|value| value == *result)
    }

    /// What a ping with this tag carries.
    fn echoed(&self, tag: Tag) -> Value {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "{tag:016x}");
        if let Expected::Echo { body, at, .. } = &self.expected {
            text.push_str(&"0".repeat(body.len() - at - TAG_BYTES - "\"}".len()));
        }
        Value::String(text)
    }
}

#[derive(Deserialize)]
struct ReplyBody<'a> {
    #[serde(borrow)]
    out: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    result: &'a RawValue,
}

fn parse(body: &[u8]) -> Option<ReplyBody<'_>> {
    serde_json::from_slice(body).ok()
}

fn request_frame(method: &str, params: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + method.len() + params.len() + 32);
    append_frame(&mut frame, |out| {
        out.extend_from_slice(b"{\"in\":");
        out.extend_from_slice(Value::from(method).to_string().as_bytes());
        out.extend_from_slice(b",\"params\":");
        out.extend_from_slice(params.as_bytes());
        out.push(b'}');
    });
    frame
}

fn hex(tag: Tag) -> [u8; TAG_BYTES] {
    std::array::from_fn(|digit| {
        let shift = 4 * (TAG_BYTES - 1 - digit);
        b"0123456789abcdef"[(tag >> shift) as usize & 15]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(message: &Message, body: &str) -> bool {
        message.is_answered_by(0xbeef, body.as_bytes())
    }

    #[test]
    fn a_ping_is_checked_whole() {
        let message = Message::ping(18);
        let mut frame = Vec::new();
        message.write(0xbeef, &mut frame);
        assert_eq!(
            &frame[4..],
            br#"{"in":"ping","params":"000000000000beef00"}"#
        );
        assert_eq!(frame.len(), message.frame_bytes());
        assert!(right(
            &message,
            r#"{"out":"pong","result":"000000000000beef00"}"#
        ));
        assert!(right(
            &message,
            r#"{ "result": "000000000000beef00", "out": "pong" }"#
        ));
        for wrong in [
            r#"{"out":"pong","result":"000000000000bee000"}"#,
            r#"{"out":"pong","result":"000000000000beef0"}"#,
            r#"{"out":"pang","result":"000000000000beef00"}"#,
            r#"{"out":"error","result":"unknown method \"ping\""}"#,
            r#"{"out":"pong","result":"000000000000beef00""#,
            "",
            "{}",
        ] {
            assert!(!right(&message, wrong), "{wrong}");
        }
        assert!(!message.is_answered_by(1, b"\xff\xff"));
    }

    #[test]
    fn other_methods_are_checked_by_name_and_given_params_by_value() {
        let sleep = Message::call("sleep", "5").unwrap();
        assert!(right(&sleep, r#"{"out":"sleep","result":5}"#));
        assert!(!right(&sleep, r#"{"out":"error","result":"bad params"}"#));
        let ping = Message::call("ping", "{\"a\": 1}").unwrap();
        assert!(right(&ping, r#"{"out":"pong","result":{"a":1}}"#));
        assert!(!right(&ping, r#"{"out":"pong","result":{"a":2}}"#));
        assert!(Message::call("ping", "{").is_err());
    }
}
