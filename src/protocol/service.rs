//! The handler of requests.
//!
//! A service never waits. It writes the reply and returns how long the reply is
//! to be delayed; each model then waits in its own way.

use std::time::Duration;

use super::reply::Reply;
use super::request::Request;

/// The handler of all requests; pass your own to [`crate::cli::main`].
pub trait Service: Sync {
    /// Serves `request`: writes exactly one result to `reply`.
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome;
}

/// When the reply may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Immediately.
    Done,
    /// After this delay. Until then this connection is not served, and no CPU is used.
    Wait(Duration),
}
