//! Frames: a 4-byte little-endian length and that many bytes.

/// Bytes of the length that stands before each body.
pub const HEADER_BYTES: usize = 4;
/// The longest body accepted unless another limit is asked for.
pub const DEFAULT_MAX_FRAME_BYTES: usize = 1 << 20;
/// How much longer than the limit a reply's body may be: a `pong` is a byte longer than its `ping`.
pub const REPLY_SLACK_BYTES: usize = 64;

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
