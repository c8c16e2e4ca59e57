//! The messages that the cases send and expect.

/// A frame around this body.
pub(super) fn frame(body: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    crate::protocol::append_frame(&mut frame, |out| out.extend_from_slice(body.as_bytes()));
    frame
}

/// A request of `ping` with these params.
pub(super) fn ping(params: impl std::fmt::Display) -> String {
    request("ping", params)
}

/// The reply to it.
pub(super) fn pong(params: impl std::fmt::Display) -> String {
    reply("pong", params)
}

/// A request of a method with these params.
pub(super) fn request(method: &str, params: impl std::fmt::Display) -> String {
    format!("{{\"in\":\"{method}\",\"params\":{params}}}")
}

/// A reply with this result.
pub(super) fn reply(out: &str, result: impl std::fmt::Display) -> String {
    format!("{{\"out\":\"{out}\",\"result\":{result}}}")
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 160;
    if text.chars().count() <= CHARACTERS {
        return text.to_owned();
    }
    let begin: String = text.chars().take(CHARACTERS).collect();
    format!("{begin} … ({} bytes)", text.len())
}
