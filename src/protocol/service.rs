//! The handler of requests.
//!
//! A service never waits: it answers, and returns how long its answer is to be
//! held back. Each model then waits in its own way.

use std::time::Duration;

use super::reply::Reply;
use super::request::Request;

/// The handler of all requests; plug in your own with [`crate::cli::main`].
pub trait Service: Sync {
    /// Answers `request` through `reply`, exactly once.
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome;
}

/// When an answer may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At once.
    Done,
    /// After this time, in which nothing of this connection is served and no CPU is used.
    Wait(Duration),
}
