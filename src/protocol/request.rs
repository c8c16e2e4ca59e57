//! Requests.
//!
//! A message is a 4-byte little-endian length, then that many bytes of UTF-8
//! JSON. A request is `{"in": METHOD, "params": ANY}`, its reply
//! `{"out": NAME, "result": ANY}`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Fault, MAX_DEPTH};

/// A request, borrowed from the bytes that were read.
///
/// ```
/// use rpcbench::{Fault, Request};
///
/// let request = Request::parse(br#"{"in":"sleep","params":5}"#)?;
/// assert_eq!((request.method(), request.params()), ("sleep", "5"));
/// assert_eq!(Request::parse(b"[]").unwrap_err(), Fault::NotAnObject);
/// # Ok::<(), Fault>(())
/// ```
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// The method's name.
    #[serde(rename = "in", borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Parses one body.
    ///
    /// # Errors
    /// A [`Fault`] for a body that is not a request. The connection stays usable,
    /// since the framing is intact.
    pub fn parse(body: &'a [u8]) -> Result<Request<'a>, Fault> {
        let first = *body.first().ok_or(Fault::Empty)?;
        let text = std::str::from_utf8(body).map_err(|e| Fault::Utf8(e.valid_up_to()))?;
        // serde would also accept an array for a struct.
        if first != b'{' {
            return Err(Fault::NotAnObject);
        }
        // serde_json skips a RawValue without recursion, so it does not limit the depth. A short
        // body cannot have as many brackets.
        if body.len() > MAX_DEPTH && depth(body) > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        serde_json::from_str(text).map_err(|e| Fault::Json(e.to_string()))
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The params exactly as they were sent; `null` if there were none.
    pub fn params(&self) -> &'a str {
        self.params.map_or("null", RawValue::get)
    }
}

/// The deepest nesting of brackets outside strings.
fn depth(json: &[u8]) -> usize {
    let (mut current, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                current += 1;
                deepest = deepest.max(current);
            }
            b'}' | b']' => current = current.saturating_sub(1),
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
    fn each_fault_has_its_own_message() {
        let fault_text = |body: &[u8]| Request::parse(body).unwrap_err().to_string();
        assert!(fault_text(b"").contains("empty body"));
        assert!(fault_text(b"[\"ping\",1]").contains("not a JSON object"));
        assert!(fault_text(b"{\"in\":\"p\xff\"}").contains("invalid UTF-8 at byte 8"));
        assert!(fault_text(b"{\"params\":1}").contains("missing field `in`"));
        assert!(fault_text(b"{\"in\":7}").contains("invalid type"));
        assert!(fault_text(b"{\"in\":\"ping\"} x").contains("trailing characters"));
        assert!(fault_text(b"{\"in\":\"ping\",\"in\":\"pi\"}").contains("duplicate field"));
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
