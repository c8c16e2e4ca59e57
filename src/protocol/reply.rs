//! Replies, written directly into the output of a connection.

use serde::Serialize;

use super::fault::Fault;
use super::frame::{HEADER_BYTES, REPLY_SLACK_BYTES, append_frame};

/// One reply in a connection's output.
///
/// If a handler writes several results, the last one replaces the earlier ones.
///
/// ```
/// use rpcbench::Reply;
///
/// let mut output = Vec::new();
/// Reply::new(&mut output, 1 << 20).json("sum", &(1 + 2));
/// // A length of 4 bytes, little-endian, then the body.
/// assert_eq!(output, b"\x18\0\0\0{\"out\":\"sum\",\"result\":3}");
/// ```
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'a> Reply<'a> {
    /// A reply at the end of `out`, with a body of at most `limit` bytes.
    pub fn new(out: &'a mut Vec<u8>, limit: usize) -> Reply<'a> {
        let start = out.len();
        Reply { out, start, limit }
    }

    /// Writes `{"out": name, "result": result}`; `result` is JSON text.
    pub fn raw(&mut self, name: &str, result: &str) {
        self.with(name, |out| out.extend_from_slice(result.as_bytes()));
    }

    /// Writes `{"out": name, "result": result}`; `result` is serialised as JSON.
    pub fn json(&mut self, name: &str, result: &(impl Serialize + ?Sized)) {
        let written = self.with(name, |out| serde_json::to_writer(out, result));
        if let Err(error) = written {
            self.error(&Fault::Json(error.to_string()));
        }
    }

    /// Writes `{"out": "error", "result": "…"}`.
    pub fn error(&mut self, fault: &Fault) {
        self.json("error", &fault.to_string());
    }

    /// The longest body that a reply should have, in bytes.
    pub fn limit_bytes(&self) -> usize {
        self.limit
    }

    /// Writes an error reply if there is none or if it is over the limit.
    pub(crate) fn finish(mut self) {
        let bytes = self.out.len() - self.start;
        if bytes == 0 {
            self.error(&Fault::NoReply);
        } else if bytes - HEADER_BYTES > self.limit + REPLY_SLACK_BYTES {
            let (bytes, limit) = (bytes - HEADER_BYTES, self.limit);
            self.error(&Fault::ReplyTooLong { bytes, limit });
        }
    }

    /// Writes a reply; `result` appends the result as JSON. Returns what `result` returns.
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
    fn there_is_one_reply_within_the_limit() {
        let text = |write: &dyn Fn(&mut Reply<'_>)| {
            let mut out = b"before".to_vec();
            let mut reply = Reply::new(&mut out, 60);
            write(&mut reply);
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
