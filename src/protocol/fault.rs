//! Faults of a request.

/// The deepest nesting of arrays and objects in a body, the body's own braces counted.
pub const MAX_DEPTH: usize = 128;

/// What is wrong with a request or its reply; its text is the `result` of the error reply.
///
/// ```
/// use rpcbench::Fault;
///
/// assert_eq!(Fault::UnknownMethod("pang".into()).to_string(), r#"unknown method "pang""#);
/// assert_eq!(Fault::Handler("no such key".into()).to_string(), "no such key");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The length is 0.
    #[error("empty body: a request is {{\"in\": METHOD, \"params\": ANY}}")]
    Empty,
    /// The announced length is over the limit; the connection ends with this reply.
    #[error("length {announced} is over the limit of {limit} bytes")]
    TooLong {
        /// The length in the header.
        announced: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The body is not UTF-8; holds the position of the first wrong byte.
    #[error("invalid UTF-8 at byte {0}")]
    Utf8(usize),
    /// The body's first byte is not `{`.
    #[error("not a JSON object: the body must begin with '{{'")]
    NotAnObject,
    /// Arrays and objects nested deeper than 128.
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Not JSON, no `in`, or an `in` that is not a string.
    #[error("bad request: {0}")]
    Json(String),
    /// No such method.
    #[error("unknown method {0:?}")]
    UnknownMethod(String),
    /// Params of the wrong type or out of range.
    #[error("bad params of {method}: {expected}")]
    Params {
        /// The method that was called.
        method: &'static str,
        /// The params that it accepts, in words.
        expected: String,
    },
    /// The reply would be over the frame limit.
    #[error("the reply of {bytes} bytes is over the limit of {limit}")]
    ReplyTooLong {
        /// The length of the reply's body.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// An error text of the handler.
    #[error("{0}")]
    Handler(String),
    /// The service returned without a reply.
    #[error("the service gave no reply")]
    NoReply,
}
