//! File descriptors for the connections of a run.

use super::case::Case;
use crate::error::Error;
use crate::sys::limits::raise_descriptor_limit;

/// Descriptors that the harness needs in addition to one per connection.
const OTHER_DESCRIPTORS: u64 = 64;

/// Raises the limit of file descriptors to the maximum allowed, and refuses cases that need more.
///
/// # Errors
/// When the limit cannot be read, or is too low for the case with the most connections.
pub fn reserve_descriptors<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Result<(), Error> {
    let connections = cases.into_iter().map(Case::own_connections);
    reserve(connections.max().unwrap_or(0))
}

/// As [`reserve_descriptors`], for this number of connections.
///
/// # Errors
/// When the limit cannot be read, or is too low.
pub fn reserve(connections: usize) -> Result<(), Error> {
    let limit = raise_descriptor_limit().map_err(Error::Load)?;
    let needed = connections as u64 + OTHER_DESCRIPTORS;
    if needed > limit {
        return Err(Error::Descriptors {
            connections,
            needed,
            limit,
            fit: limit.saturating_sub(OTHER_DESCRIPTORS),
        });
    }
    Ok(())
}
