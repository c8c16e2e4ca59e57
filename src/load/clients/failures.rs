//! Failures of connections, and how they are counted.

use crate::record::ErrorCounts;

/// Why a connect failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    Refused,
    TimedOut,
    /// The connection was reset as soon as it was open.
    Reset,
    /// Any other error of the system.
    Failed,
}

/// Why a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Timeout,
    /// The server closed it.
    Closed,
    Reset,
    Protocol,
    Reply,
}

/// Counts a failed connection: once per lost request, and at least once.
pub(crate) fn count(errors: &mut ErrorCounts, failure: Failure, lost: u64) {
    let lost = lost.max(1);
    match failure {
        Failure::Timeout => errors.timeout += lost,
        Failure::Closed | Failure::Reset => errors.reset += lost,
        Failure::Protocol => errors.protocol += lost,
        // One reply was wrong; the other requests in flight are lost with the connection.
        Failure::Reply => {
            errors.reply += 1;
            errors.reset += lost - 1;
        }
    }
}
