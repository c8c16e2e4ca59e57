//! The handler of requests.
//!
//! A service never waits. It writes the reply and returns how long the reply is
//! to be delayed; each model then waits in its own way.

use std::time::Duration;

use super::reply::Reply;
use super::request::Request;

/// The handler of all requests; pass your own to [`rpcbench::main`](crate::main).
///
/// A handler must not wait: it returns how long its reply is to be held back, and each model
/// waits in its own way. It may compute, which takes CPU time of the model's thread.
///
/// ```
/// use std::time::Duration;
///
/// use rpcbench::{Builtin, Fault, Outcome, Reply, Request, Service};
///
/// /// Answers `upper`; all other methods are the built-in ones.
/// struct Upper;
///
/// impl Service for Upper {
///     fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
///         if request.method() != "upper" {
///             return Builtin.call(request, reply);
///         }
///         match serde_json::from_str::<String>(request.params()) {
///             Ok(text) => reply.json("upper", &text.to_uppercase()),
///             Err(error) => reply.error(&Fault::Handler(format!("upper: {error}"))),
///         }
///         // The reply is sent after 2 ms, as after a call to a database.
///         Outcome::Wait(Duration::from_millis(2))
///     }
/// }
///
/// let request = Request::parse(br#"{"in":"upper","params":"abc"}"#)?;
/// let mut output = Vec::new();
/// Upper.call(&request, &mut Reply::new(&mut output, 1 << 20));
/// assert_eq!(&output[4..], br#"{"out":"upper","result":"ABC"}"#);
/// # Ok::<(), rpcbench::Fault>(())
/// ```
pub trait Service: Sync {
    /// Serves `request`: writes exactly one result to `reply`.
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome;

    /// The names of all methods that this service has. A measurement with another method is
    /// refused before it begins. `None`: not known, so every method is measured.
    fn methods(&self) -> Option<Vec<&str>> {
        None
    }
}

/// When the reply may be sent. See the example of [`Service`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Immediately.
    Done,
    /// After this delay. Until then this connection is not served, and no CPU is used.
    Wait(Duration),
}
