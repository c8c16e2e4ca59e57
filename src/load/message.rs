//! A request, and the check of its reply.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::{WorkParams, request_frame};
use crate::record::{Alternate, LEAST_PAYLOAD_BYTES as TAG_BYTES, LoadSpec, QUOTES_BYTES};

/// A request, and its expected reply.
#[derive(Debug, Clone)]
pub struct Message {
    method: String,
    frame: Vec<u8>,
    payload_bytes: usize,
    /// The params, if they are the same in every request.
    params: Option<String>,
    expected: Expected,
}

#[derive(Debug, Clone)]
enum Expected {
    /// This body, with the tag of the request at offset `at`; `request_at` is the offset of the tag in the request.
    Echo {
        body: Vec<u8>,
        at: usize,
        request_at: usize,
    },
    /// A reply with the method's name and this result; `None` accepts any result.
    Result(Option<Value>),
    /// A reply with the method's name and a string of this many bytes.
    String(u64),
}

impl Expected {
    /// The reply to a method with these fixed params.
    fn reply_to(method: &str, params: &str) -> Result<Expected, serde_json::Error> {
        let value: Value = serde_json::from_str(params)?;
        let string_bytes = match method {
            "ping" => return Ok(Expected::Result(Some(value))),
            "blob" => value.as_u64(),
            "work" => WorkParams::parse(params.trim_start(), u64::MAX)
                .ok()
                .map(|params| params.reply_bytes),
            _ => None,
        };
        Ok(string_bytes.map_or(Expected::Result(None), Expected::String))
    }
}

/// Identifies a request, so that its reply can be checked.
pub type Tag = u64;

impl Message {
    /// The request of a load.
    ///
    /// # Errors
    /// When its params are not JSON: the message of the parser.
    pub fn of(load: &LoadSpec) -> Result<Message, String> {
        Message::new(&load.method, load.params.as_deref(), load.payload_bytes)
    }

    /// The alternate request of a load.
    ///
    /// # Errors
    /// As [`Message::of`].
    pub fn alternate(alternate: &Alternate) -> Result<Message, String> {
        Message::new(
            &alternate.method,
            alternate.params.as_deref(),
            alternate.payload_bytes,
        )
    }

    fn new(method: &str, params: Option<&str>, bytes: usize) -> Result<Message, String> {
        match params {
            None if method == "ping" => Ok(Message::ping(bytes.saturating_sub(QUOTES_BYTES))),
            params => Message::call(method, params.unwrap_or("null")),
        }
    }

    /// A `ping` with a string of `payload_bytes` as params. The string begins with a tag of 16 digits.
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

    /// A request with fixed params.
    ///
    /// # Errors
    /// When `params` are not JSON: the message of the parser.
    pub fn call(method: &str, params: &str) -> Result<Message, String> {
        let expected = Expected::reply_to(method, params).map_err(|error| error.to_string())?;
        Ok(Message {
            method: method.to_owned(),
            frame: request_frame(method, params),
            payload_bytes: params.len(),
            params: Some(params.to_owned()),
            expected,
        })
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The params as JSON; `None` for pings, because each has its own tag.
    pub fn params(&self) -> Option<&str> {
        self.params.as_deref()
    }

    /// Bytes of the params.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Bytes of a request on the wire, including its header.
    pub fn frame_bytes(&self) -> usize {
        self.frame.len()
    }

    /// Appends the request with this tag to `out`.
    pub fn write(&self, tag: Tag, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        if let Expected::Echo { request_at, .. } = self.expected {
            out[start + request_at..][..TAG_BYTES].copy_from_slice(&hex(tag));
        }
    }

    /// Whether `body` is the correct reply to the request with this tag.
    ///
    /// A reply with the same JSON value in another form (spaces, order of keys) is correct
    /// too. Its check is slower.
    pub fn is_answered_by(&self, tag: Tag, body: &[u8]) -> bool {
        match &self.expected {
            Expected::Echo {
                body: expected, at, ..
            } => {
                let tail = at + TAG_BYTES;
                let is_identical = body.len() == expected.len()
                    && body[..*at] == expected[..*at]
                    && body[*at..tail] == hex(tag)
                    && body[tail..] == expected[tail..];
                is_identical || self.is_pong_with(body, &self.echoed(tag))
            }
            Expected::Result(Some(result)) => self.is_pong_with(body, result),
            Expected::Result(None) => parse(body).is_some_and(|reply| reply.out == self.method),
            Expected::String(bytes) => parse(body).is_some_and(|reply| {
                reply.out == self.method && string_bytes(reply.result) == Some(*bytes)
            }),
        }
    }

    fn is_pong_with(&self, body: &[u8], result: &Value) -> bool {
        let Some(reply) = parse(body) else {
            return false;
        };
        let value = serde_json::from_str::<Value>(reply.result.get());
        reply.out == "pong" && value.is_ok_and(|value| value == *result)
    }

    /// The params of the ping with this tag.
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

/// The length of a JSON string; `None` if it is no string.
fn string_bytes(json: &RawValue) -> Option<u64> {
    // A string without escapes is borrowed, not copied.
    let text = serde_json::from_str::<StringBody<'_>>(json.get()).ok()?;
    Some(text.0.len() as u64)
}

#[derive(Deserialize)]
struct StringBody<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

fn hex(tag: Tag) -> [u8; TAG_BYTES] {
    std::array::from_fn(|digit| {
        let shift = 4 * (TAG_BYTES - 1 - digit);
        b"0123456789abcdef"[(tag >> shift) as usize & 15]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_correct(message: &Message, body: &str) -> bool {
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
        assert!(is_correct(
            &message,
            r#"{"out":"pong","result":"000000000000beef00"}"#
        ));
        assert!(is_correct(
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
            assert!(!is_correct(&message, wrong), "{wrong}");
        }
        assert!(!message.is_answered_by(1, b"\xff\xff"));
    }

    #[test]
    fn other_methods_are_checked_by_name_and_given_params_by_value() {
        let sleep = Message::call("sleep", "5").unwrap();
        assert!(is_correct(&sleep, r#"{"out":"sleep","result":5}"#));
        assert!(!is_correct(
            &sleep,
            r#"{"out":"error","result":"bad params"}"#
        ));
        let ping = Message::call("ping", "{\"a\": 1}").unwrap();
        assert!(is_correct(&ping, r#"{"out":"pong","result":{"a":1}}"#));
        assert!(!is_correct(&ping, r#"{"out":"pong","result":{"a":2}}"#));
        assert!(Message::call("ping", "{").is_err());
    }

    #[test]
    fn strings_are_checked_by_their_length() {
        let work = Message::call("work", r#" {"cpu_us":9,"reply_bytes":3}"#).unwrap();
        let blob = Message::call("blob", "3").unwrap();
        for (message, name) in [(work, "work"), (blob, "blob")] {
            let reply = |result: &str| format!("{{\"out\":\"{name}\",\"result\":{result}}}");
            assert!(is_correct(&message, &reply("\"xxx\"")));
            assert!(is_correct(&message, &reply("\"x\\u0041x\"")));
            for wrong in ["\"xx\"", "\"xxxx\"", "\"\"", "3", "null"] {
                assert!(!is_correct(&message, &reply(wrong)), "{name} {wrong}");
            }
            assert!(!is_correct(&message, r#"{"out":"error","result":"xxx"}"#));
        }
    }
}
