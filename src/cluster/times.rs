//! How long ranks wait for each other.

use std::time::Duration;

/// After the planned end of a load, a rank ends itself.
pub(super) const AFTER_END: Duration = Duration::from_secs(5);
/// After the planned end of a load, rank 0 waits this long for what is missing. Then it saves and
/// ends all, before their watchdogs do.
pub(super) const MISSING: Duration = Duration::from_secs(3);
/// The longest time between two loads: a server that starts and one that stops.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// The longest preparation of a load.
pub(super) const PREPARE: Duration = Duration::from_secs(15);
/// How far ahead a load begins, for all ranks to know it …
pub(super) const AHEAD: Duration = Duration::from_millis(50);
/// … and in addition for each rank.
pub(super) const AHEAD_PER_RANK: Duration = Duration::from_micros(100);
