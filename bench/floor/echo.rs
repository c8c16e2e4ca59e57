//! The least that the protocol demands: find a frame, and answer `ping` with its params.

/// Bytes of the length in front of each body.
const HEADER: usize = 4;
/// How the generator writes a ping. JSON is not parsed: no server could do less.
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

/// Answers all complete requests of `input`. Returns the bytes that these had, or `None` if one of
/// them is no ping.
pub(crate) fn answer(input: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let mut used = 0;
    while let Some(header) = input[used..].first_chunk::<HEADER>() {
        let length = u32::from_le_bytes(*header) as usize;
        let Some(body) = input[used + HEADER..].get(..length) else {
            break;
        };
        let params = body.strip_prefix(BEGIN)?.strip_suffix(END)?;
        framed(&[REPLY, params, END], out);
        used += HEADER + length;
    }
    Some(used)
}
