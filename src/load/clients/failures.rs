//! What can go wrong on a connection, and how it is counted.

use crate::record::ErrorCounts;

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    Refused,
    TimedOut,
    /// Whatever else the system said.
    Failed,
}

/// What went wrong on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Timeout,
    Reset,
    Protocol,
    Reply,
}

/// A lost connection counts once for each request that was lost with it, and at least once.
pub(crate) fn count(errors: &mut ErrorCounts, failure: Failure, lost: u64) {
    let lost = lost.max(1);
    match failure {
        Failure::Timeout => errors.timeout += lost,
        Failure::Reset => errors.reset += lost,
        Failure::Protocol => errors.protocol += lost,
        // One reply was wrong; what was behind it is lost with the connection.
        Failure::Reply => {
            errors.reply += 1;
            errors.reset += lost - 1;
        }
    }
}
