//! The frame of a request.

use serde_json::Value;

use super::frame::{HEADER_BYTES, append_frame};

/// The parts of a body around the method and the params.
const PARTS: [&[u8]; 3] = [b"{\"in\":", b",\"params\":", b"}"];

/// The frame of a request of `method` with `params`, which are JSON.
pub fn request_frame(method: &str, params: &str) -> Vec<u8> {
    let [start, middle, end] = PARTS;
    let mut frame = Vec::with_capacity(request_bytes(method, params.len()));
    append_frame(&mut frame, |out| {
        for part in [
            start,
            json(method).as_bytes(),
            middle,
            params.as_bytes(),
            end,
        ] {
            out.extend_from_slice(part);
        }
    });
    frame
}

/// Bytes of the frame of a request with params of `params_bytes`, including its header.
pub fn request_bytes(method: &str, params_bytes: usize) -> usize {
    let parts: usize = PARTS.iter().map(|part| part.len()).sum();
    HEADER_BYTES + parts + json(method).len() + params_bytes
}

fn json(method: &str) -> String {
    Value::from(method).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_bytes_that_were_announced() {
        let frame = request_frame("a\"b", "[1,2]");
        assert_eq!(&frame[4..], br#"{"in":"a\"b","params":[1,2]}"#);
        assert_eq!(frame.len(), request_bytes("a\"b", 5));
        assert_eq!(request_bytes("ping", 18), 45);
    }
}
