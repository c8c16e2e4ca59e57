//! The wire protocol: frames, requests and replies, without any I/O.
//!
//! A message is a 4-byte little-endian length and that many bytes of UTF-8
//! JSON. A request is `{"in": METHOD, "params": ANY}`, its reply
//! `{"out": NAME, "result": ANY}`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Bytes of the length that stands before each body.
pub const HEADER_BYTES: usize = 4;
/// The longest body accepted unless another limit is asked for.
pub const DEFAULT_MAX_FRAME_BYTES: usize = 1 << 20;
/// How much longer than the limit a reply's body may be: a `pong` is a byte longer than its `ping`.
pub const REPLY_SLACK_BYTES: usize = 64;
/// The deepest nesting of arrays and objects in a body, the body's own braces counted.
pub const MAX_DEPTH: usize = 128;

/// What stands at the beginning of a stream of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// More bytes are needed. Holds the length of the whole frame once it is known.
    Partial(Option<usize>),
    /// A whole frame: the header and a body of this many bytes.
    Whole(usize),
    /// A body of this announced length, which is over the limit.
    TooLong(usize),
}

impl Frame {
    /// Looks at the beginning of `bytes` for a frame whose body is at most `max_bytes` long.
    pub fn peek(bytes: &[u8], max_bytes: usize) -> Frame {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Frame::Partial(None);
        };
        let body = u32::from_le_bytes(*header) as usize;
        if body > max_bytes {
            Frame::TooLong(body)
        } else if bytes.len() - HEADER_BYTES < body {
            Frame::Partial(Some(HEADER_BYTES + body))
        } else {
            Frame::Whole(body)
        }
    }
}

/// Appends one frame to `out`, its body written by `body`.
pub fn append_frame(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    body(out);
    let length = out.len() - start - HEADER_BYTES;
    let length = u32::try_from(length).expect("a body over 4 GiB is refused before it is built");
    out[start..start + HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
}

/// What is wrong with a request; its text is the `result` of the error reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The length said 0.
    #[error("empty body: a request is {{\"in\": METHOD, \"params\": ANY}}")]
    Empty,
    /// The announced length is over the limit; the connection ends with this reply.
    #[error("length {announced} is over the limit of {limit} bytes")]
    TooLong {
        /// The length in the header.
        announced: usize,
        /// The limit in force.
        limit: usize,
    },
    /// Some byte of the body is not UTF-8.
    #[error("invalid UTF-8 at byte {0}")]
    Utf8(usize),
    /// The body's first byte is not `{`.
    #[error("not a JSON object: the body must begin with '{{'")]
    NotAnObject,
    /// Arrays and objects nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Not JSON, no `in`, or an `in` that is not a string.
    #[error("bad request: {0}")]
    Json(String),
    /// No such method.
    #[error("unknown method {0:?}")]
    UnknownMethod(String),
    /// Params of the wrong type or out of range.
    #[error("bad params of {method}: {expected}")]
    Params {
        /// The method that was called.
        method: &'static str,
        /// What it takes, in words.
        expected: String,
    },
    /// The reply would be over the frame limit.
    #[error("the reply of {bytes} bytes is over the limit of {limit}")]
    ReplyTooLong {
        /// The length of the reply's body.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The service answered nothing.
    #[error("the service gave no reply")]
    NoReply,
}

/// A request, borrowed from the bytes that were read.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// The method's name.
    #[serde(rename = "in", borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads one body.
    ///
    /// # Errors
    /// A [`Fault`] for everything that is not a request; the connection can go
    /// on, since its framing is intact.
    pub fn parse(body: &'a [u8]) -> Result<Request<'a>, Fault> {
        let first = *body.first().ok_or(Fault::Empty)?;
        let text = std::str::from_utf8(body).map_err(|e| Fault::Utf8(e.valid_up_to()))?;
        // serde would also take an array for a struct.
        if first != b'{' {
            return Err(Fault::NotAnObject);
        }
        // A RawValue is skipped without recursion, so serde_json sets no limit to it.
        if depth(body) > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        serde_json::from_str(text).map_err(|e| Fault::Json(e.to_string()))
    }

    /// The params as they stood on the wire; `null` where there were none.
    pub fn params(&self) -> &'a str {
        self.params.map_or("null", RawValue::get)
    }
}

/// The deepest nesting of brackets outside strings.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// The place of one reply in a connection's output.
///
/// The last answer given counts: a second one replaces the first.
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'a> Reply<'a> {
    /// A place at the end of `out` for a body of at most `limit` bytes.
    pub fn new(out: &'a mut Vec<u8>, limit: usize) -> Reply<'a> {
        let start = out.len();
        Reply { out, start, limit }
    }

    /// Answers `{"out": name, "result": result}` with a result that is JSON already.
    pub fn raw(&mut self, name: &str, result: &str) {
        self.with(name, |out| out.extend_from_slice(result.as_bytes()));
    }

    /// Answers `{"out": name, "result": result}`.
    pub fn json(&mut self, name: &str, result: &(impl Serialize + ?Sized)) {
        let written = self.with(name, |out| serde_json::to_writer(out, result));
        if let Err(error) = written {
            self.error(&Fault::Json(error.to_string()));
        }
    }

    /// Answers `{"out": "error", "result": "…"}`.
    pub fn error(&mut self, fault: &Fault) {
        self.json("error", &fault.to_string());
    }

    /// The longest body that a reply should have, in bytes.
    pub fn limit_bytes(&self) -> usize {
        self.limit
    }

    /// Makes sure that there is exactly one reply and that it keeps the limit.
    pub(crate) fn finish(mut self) {
        let bytes = self.out.len() - self.start;
        if bytes == 0 {
            self.error(&Fault::NoReply);
        } else if bytes - HEADER_BYTES > self.limit + REPLY_SLACK_BYTES {
            let (bytes, limit) = (bytes - HEADER_BYTES, self.limit);
            self.error(&Fault::ReplyTooLong { bytes, limit });
        }
    }

    /// Answers with a result that `result` writes as JSON; hands on what it returns.
    pub fn with<T>(&mut self, name: &str, result: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.out.truncate(self.start);
        let mut value = None;
        append_frame(self.out, |out| {
            out.extend_from_slice(b"{\"out\":");
            serde_json::to_writer(&mut *out, name).expect("a string is always JSON");
            out.extend_from_slice(b",\"result\":");
            value = Some(result(out));
            out.push(b'}');
        });
        value.expect("append_frame calls its closure once")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert_eq!(depth(br#"{"a":[1,[2]],"b":"[[[\"[["}"#), 3);
        let nested = |n: usize| {
            format!(
                "{{\"in\":\"ping\",\"params\":{}{}}}",
                "[".repeat(n),
                "]".repeat(n)
            )
        };
        assert!(Request::parse(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        let fault = Request::parse(nested(MAX_DEPTH).as_bytes()).unwrap_err();
        assert_eq!(fault, Fault::TooDeep);
        assert_eq!(
            Request::parse(nested(400_000).as_bytes()).unwrap_err(),
            Fault::TooDeep
        );
    }

    #[test]
    fn each_fault_is_named() {
        let says = |body: &[u8]| Request::parse(body).unwrap_err().to_string();
        assert!(says(b"").contains("empty body"));
        assert!(says(b"[\"ping\",1]").contains("not a JSON object"));
        assert!(says(b"{\"in\":\"p\xff\"}").contains("invalid UTF-8 at byte 8"));
        assert!(says(b"{\"params\":1}").contains("missing field `in`"));
        assert!(says(b"{\"in\":7}").contains("invalid type"));
        assert!(says(b"{\"in\":\"ping\"} x").contains("trailing characters"));
        assert!(says(b"{\"in\":\"ping\",\"in\":\"pi\"}").contains("duplicate field"));
    }

    #[test]
    fn params_stay_as_they_were_written() {
        for raw in [
            "1.50",
            "{ \"b\" : 1, \"a\":[ ] }",
            "\"\\ud800\"",
            "1e999",
            "null",
        ] {
            let body = format!("{{\"params\":{raw},\"in\":\"ping\",\"more\":0}}");
            assert_eq!(Request::parse(body.as_bytes()).unwrap().params(), raw);
        }
        assert_eq!(
            Request::parse(b"{\"in\":\"ping\"}").unwrap().params(),
            "null"
        );
        assert_eq!(
            Request::parse(br#"{"in":"pi\u006eg"}"#).unwrap().method,
            "ping"
        );
    }

    #[test]
    fn a_reply_is_given_once_and_keeps_its_limit() {
        let text = |answer: &dyn Fn(&mut Reply<'_>)| {
            let mut out = b"before".to_vec();
            let mut reply = Reply::new(&mut out, 60);
            answer(&mut reply);
            reply.finish();
            String::from_utf8(out[6 + HEADER_BYTES..].to_vec()).unwrap()
        };
        assert_eq!(
            text(&|_| ()),
            r#"{"out":"error","result":"the service gave no reply"}"#
        );
        assert_eq!(
            text(&|r| (r.raw("a", "1"), r.raw("b", "2")).1),
            r#"{"out":"b","result":2}"#
        );
        assert!(text(&|r| r.json("a", &"x".repeat(200))).contains("over the limit of 60"));
    }
}
