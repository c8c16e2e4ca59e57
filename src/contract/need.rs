//! What a case needs of a server.

/// What a case needs of the server; without it the case is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A method of [`Builtin`](crate::Builtin).
    Method(&'static str),
    /// Limits that the contract sets, and counters that it reads: a model of rpcbench.
    Model,
    /// A process or thread serves several connections at a time.
    ManyPerWorker,
}
