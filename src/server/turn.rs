//! How long a connection of a loop is served before the others have their turn.

use std::time::Duration;

/// The most steps of one connection per turn …
pub(super) const DRIVE_STEPS: usize = 64;
/// … and the time after which no further step is begun.
pub(super) const DRIVE_TIME: Duration = Duration::from_millis(1);
