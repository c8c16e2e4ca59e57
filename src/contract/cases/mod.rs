//! The cases: a file per subject, each with its own list.

mod connections;
mod counting;
mod frames;
mod requests;
mod sleeps;
mod slow_peers;
mod stops;

use super::case::Case;

/// All cases, in the order of the table.
///
/// ```
/// let mut cases = rpcbench::contract::cases();
/// assert!(cases.any(|case| case.name() == "half_close"));
/// ```
pub fn cases() -> impl Iterator<Item = &'static Case> {
    let lists = [
        frames::CASES,
        requests::CASES,
        slow_peers::CASES,
        sleeps::CASES,
        connections::CASES,
        stops::CASES,
        counting::CASES,
    ];
    lists.into_iter().flatten()
}
