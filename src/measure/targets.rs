//! Checks that servers which are already running can be reached.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

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
        reach(target, timeout)?;
    }
    Ok(())
}

/// Connects to a target once.
///
/// # Errors
/// When it does not accept the connection.
pub(crate) fn reach(target: SocketAddr, timeout: Duration) -> Result<(), Error> {
    TcpStream::connect_timeout(&target, timeout)
        .map(drop)
        .map_err(|source| Error::Target { target, source })
}
