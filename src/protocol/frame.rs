//! Frames: a 4-byte little-endian length, then a body of that many bytes.

/// Bytes of the length before each body.
pub const HEADER_BYTES: usize = 4;
/// The default limit for the length of a body.
pub const DEFAULT_MAX_FRAME_BYTES: usize = 1 << 20;
/// How much longer than the limit a reply's body may be: a `pong` is a byte longer than its `ping`.
pub const REPLY_SLACK_BYTES: usize = 64;

/// What a stream of bytes begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// More bytes are needed. Holds the length of the whole frame once the header is complete.
    Partial(Option<usize>),
    /// A whole frame: the header and a body of this many bytes.
    Whole(usize),
    /// A body of this announced length, which is over the limit.
    TooLong(usize),
}

impl Frame {
    /// Reads the frame at the beginning of `bytes`; `max_bytes` is the limit for its body.
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

/// Appends one frame to `out`; `body` writes the frame's body.
pub fn append_frame(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    body(out);
    let length = out.len() - start - HEADER_BYTES;
    let length = u32::try_from(length).expect("a body over 4 GiB is refused before it is built");
    out[start..start + HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
}
