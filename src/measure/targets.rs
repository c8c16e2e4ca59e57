//! Measuring: a matrix of cells becomes trials in random interleaved order,
//! and these become a record. Nothing here prints.

use std::net::TcpStream;

use super::case::Case;
use super::server_spec::ServerSpec;
use crate::error::Error;

/// Whether somebody answers at all targets, before any time is spent on others.
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
