//! The least that a server can do: find a frame, and answer `ping` with its params.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of the length in front of each body.
const HEADER: usize = 4;
/// How the generator writes a ping.
const BEGIN: &[u8] = br#"{"in":"ping","params":"#;
const REPLY: &[u8] = br#"{"out":"pong","result":"#;
const END: &[u8] = b"}";

/// A ping that each client of the floor repeats, as long as those of the generator.
pub(crate) const PARAMS: &[u8] = br#""0123456789abcdef""#;

fn framed(parts: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&(length as u32).to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The request that a client of the floor sends.
pub(crate) fn request() -> Vec<u8> {
    let mut out = Vec::new();
    framed(&[BEGIN, PARAMS, END], &mut out);
    out
}

/// The correct reply to it.
pub(crate) fn reply() -> Vec<u8> {
    let mut out = Vec::new();
    framed(&[REPLY, PARAMS, END], &mut out);
    out
}

/// How a server finds the params of a ping.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parse {
    /// By position: no server could do less, and none could do so little, since it does not see
    /// whether a body is JSON.
    Position,
    /// With serde_json, as the protocol demands.
    Json,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(rename = "in")]
    method: &'a str,
    #[serde(borrow)]
    params: &'a RawValue,
}

impl Parse {
    fn params(self, body: &[u8]) -> Option<&[u8]> {
        match self {
            Parse::Position => body.strip_prefix(BEGIN)?.strip_suffix(END),
            Parse::Json => {
                let request: Request<'_> = serde_json::from_slice(body).ok()?;
                (request.method == "ping").then(|| request.params.get().as_bytes())
            }
        }
    }
}

/// Answers all complete requests of `input`. Returns the bytes that these had, or `None` if one of
/// them is no ping.
pub(crate) fn answer(input: &[u8], parse: Parse, out: &mut Vec<u8>) -> Option<usize> {
    let mut used = 0;
    while let Some(header) = input[used..].first_chunk::<HEADER>() {
        let length = u32::from_le_bytes(*header) as usize;
        let Some(body) = input[used + HEADER..].get(..length) else {
            break;
        };
        framed(&[REPLY, parse.params(body)?, END], out);
        used += HEADER + length;
    }
    Some(used)
}
