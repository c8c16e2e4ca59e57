//! The wire protocol: frames, requests and replies, without any I/O.
//!
//! A message is a 4-byte little-endian length and that many bytes of UTF-8
//! JSON. A request is `{"in": METHOD, "params": ANY}`, its reply
//! `{"out": NAME, "result": ANY}`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Fault, MAX_DEPTH};

/// A request, borrowed from the bytes that were read.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// The method's name.
    #[serde(rename = "in", borrow)]
    method: Cow<'a, str>,
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

    /// The method's name.
    pub fn method(&self) -> &str {
        &self.method
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
            Request::parse(br#"{"in":"pi\u006eg"}"#).unwrap().method(),
            "ping"
        );
    }
}
