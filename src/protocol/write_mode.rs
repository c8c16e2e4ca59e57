//! How messages are written. This can affect latency more than the server model does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::frame::HEADER_BYTES;

/// How messages are written and sockets are set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteMode {
    /// One write for all pending bytes, with Nagle's algorithm off (TCP_NODELAY, tcp(7)).
    #[default]
    Default,
    /// Split writes: the length in one write and the body in another, with
    /// Nagle's algorithm on. The second segment waits for the acknowledgement
    /// of the first, which the peer delays by 40 ms (RFC 1122, 4.2.3.2 and
    /// 4.2.3.4).
    #[serde(alias = "article")]
    Split,
}

impl WriteMode {
    /// All modes.
    pub const ALL: [WriteMode; 2] = [WriteMode::Default, WriteMode::Split];

    /// Whether it is the default. Messages omit the default, for compatibility with older builds.
    pub(crate) fn is_default(&self) -> bool {
        *self == WriteMode::Default
    }

    /// Whether small segments are sent immediately (TCP_NODELAY).
    pub fn no_delay(self) -> bool {
        self == WriteMode::Default
    }

    /// The default listen backlog, in connections.
    pub fn backlog(self) -> u32 {
        match self {
            WriteMode::Default => 4096,
            WriteMode::Split => 1,
        }
    }
}

impl fmt::Display for WriteMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            WriteMode::Default => "default",
            WriteMode::Split => "split",
        })
    }
}

impl FromStr for WriteMode {
    type Err = String;

    fn from_str(text: &str) -> Result<WriteMode, String> {
        // The old name.
        if text == "article" {
            return Ok(WriteMode::Split);
        }
        let named = WriteMode::ALL
            .into_iter()
            .find(|write_mode| write_mode.to_string() == text);
        named.ok_or_else(|| "default or split".to_owned())
    }
}

/// Divides a stream of frames into writes.
#[derive(Debug, Clone, Default)]
pub struct WriteSplitter {
    write_mode: WriteMode,
    /// The part of the current length that has been written.
    header: [u8; HEADER_BYTES],
    header_written: usize,
    body_left: usize,
}

impl WriteSplitter {
    /// A splitter at the beginning of a stream.
    pub fn new(write_mode: WriteMode) -> WriteSplitter {
        WriteSplitter {
            write_mode,
            ..WriteSplitter::default()
        }
    }

    /// Resets it to the beginning of a new stream.
    pub fn restart(&mut self) {
        *self = WriteSplitter::new(self.write_mode);
    }

    /// How many of the `unwritten` bytes belong to the next write.
    pub fn next(&self, unwritten: usize) -> usize {
        match (self.write_mode, self.body_left) {
            (WriteMode::Default, _) => unwritten,
            (WriteMode::Split, 0) => unwritten.min(HEADER_BYTES - self.header_written),
            (WriteMode::Split, left) => unwritten.min(left),
        }
    }

    /// Reports that these bytes have been written, at most as many as [`WriteSplitter::next`] returned.
    pub fn wrote(&mut self, bytes: &[u8]) {
        if self.write_mode == WriteMode::Default {
            return;
        }
        if self.body_left > 0 {
            self.body_left -= bytes.len();
            return;
        }
        self.header[self.header_written..][..bytes.len()].copy_from_slice(bytes);
        self.header_written += bytes.len();
        if self.header_written == HEADER_BYTES {
            self.body_left = u32::from_le_bytes(self.header) as usize;
            self.header_written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(write_mode: WriteMode, mut stream: &[u8], max: usize) -> Vec<usize> {
        let mut splitter = WriteSplitter::new(write_mode);
        let mut sizes = Vec::new();
        while !stream.is_empty() {
            let size = splitter.next(stream.len()).min(max);
            splitter.wrote(&stream[..size]);
            sizes.push(size);
            stream = &stream[size..];
        }
        sizes
    }

    #[test]
    fn split_mode_writes_the_length_and_the_body_separately() {
        let stream = [
            &[5, 0, 0, 0][..],
            b"hello",
            &[0, 0, 0, 0],
            &[2, 0, 0, 0],
            b"ok",
        ]
        .concat();
        assert_eq!(writes(WriteMode::Default, &stream, 100), [19]);
        assert_eq!(writes(WriteMode::Split, &stream, 100), [4, 5, 4, 4, 2]);
        // A socket may accept fewer bytes.
        assert_eq!(
            writes(WriteMode::Split, &stream, 3),
            [3, 1, 3, 2, 3, 1, 3, 1, 2]
        );
    }
}
