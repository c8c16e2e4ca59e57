//! Why a trial had no correct reply.

use serde::{Deserialize, Serialize};

/// Why no correct reply arrived inside the window, as far as the load generator saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NoReplyCause {
    /// Not known, as in records from before this field.
    #[default]
    Unknown,
    /// The server closed the connections without a reply.
    Closed,
    /// The connections were reset without a reply.
    Reset,
    /// The server sent bytes that are no message of the protocol.
    NotAMessage {
        /// The first of these bytes, escaped; at most 40 bytes.
        first_bytes: String,
    },
    /// The server sent error replies or wrong replies.
    WrongReplies {
        /// The first of them, truncated.
        first_reply: String,
    },
    /// Requests were still without a reply at their timeout or at the end of the window.
    Late,
    /// Correct replies came before the window; then the connections failed.
    Stopped,
    /// Connects were refused.
    ConnectRefused,
    /// Connects took longer than their timeout, or were not complete at the end.
    ConnectTimedOut,
    /// Connects failed in any other way.
    ConnectFailed,
}
