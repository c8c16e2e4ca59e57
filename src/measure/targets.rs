//! Checks that servers which are already running can be reached.

use std::net::TcpStream;

use super::case::Case;
use super::server_spec::ServerSpec;
use crate::error::Error;

/// Connects to all targets once, before the first trial.
///
/// # Errors
/// When a target does not accept the connection.
pub(crate) fn reach_targets(cases: &[Case]) -> Result<(), Error> {
    let targets = cases.iter().filter_map(|case| match &case.server_spec {
        ServerSpec::Target(target) => Some((*target, case.load.connect_timeout)),
        _ => None,
    });
    for (target, timeout) in targets {
        TcpStream::connect_timeout(&target, timeout)
            .map_err(|source| Error::Target { target, source })?;
    }
    Ok(())
}
