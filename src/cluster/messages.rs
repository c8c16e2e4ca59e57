//! The messages between rank 0, which leads, and the others. Each is one JSON document.

use serde::{Deserialize, Serialize};

use crate::measure::environment;
use crate::measure::peers::LoadOrder;
use crate::record::Tool;

/// From rank 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Order {
    /// Answer this many questions for the clock at once.
    ReadClock {
        /// How many follow.
        questions: usize,
    },
    /// Prepare this load, and say whether that is possible.
    Prepare(Box<LoadOrder>),
    /// Begin the load that was prepared.
    Begin {
        /// When, by the monotonic clock of the receiver.
        at_ns: u64,
    },
    /// All have drained: close the connections, and send the share.
    Close,
    /// The run has ended.
    End,
}

/// The cores of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cores {
    /// Those that this process may use.
    pub(super) allowed: usize,
    /// All.
    pub(super) online: usize,
}

impl Cores {
    /// Those of this host.
    pub(super) fn own() -> Cores {
        Cores {
            allowed: environment::cores(),
            online: environment::online_cores(),
        }
    }
}

/// To rank 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Reply {
    /// This rank has started.
    Hello {
        /// Its build.
        tool: Box<Tool>,
        /// Its host.
        host: String,
        /// The cores of its host.
        cores: Cores,
    },
    /// It can make its part of the load.
    Ready,
    /// Its requests have ended, or its drain.
    Drained,
    /// It cannot do what was asked.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}
