//! The wire protocol without I/O: frames, requests, replies, the conversation
//! of one connection, and the built-in request handlers.
//!
//! Owns the bytes on the wire. To change: add a built-in method in `builtin`;
//! nothing here may open a socket or wait.

mod builtin;
mod conversation;
mod fault;
mod frame;
mod reply;
mod request;
mod request_frame;
mod service;
mod work;
mod write_mode;

pub use builtin::{Builtin, METHODS};
pub use conversation::{Conversation, HIGH_WATER_BYTES, Step};
pub use fault::Fault;
pub use frame::{DEFAULT_MAX_FRAME_BYTES, Frame, HEADER_BYTES, REPLY_SLACK_BYTES, append_frame};
pub use reply::Reply;
pub use request::Request;
pub use request_frame::{request_bytes, request_frame};
pub use service::{Outcome, Service};
pub(crate) use work::WorkParams;
pub use write_mode::{WriteMode, WriteSplitter};
