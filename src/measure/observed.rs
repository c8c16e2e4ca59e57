//! Readings of the server and the machine in one trial.

use std::time::Instant;

use crate::process::{PeakSize, ServerUsage};
use crate::record::WindowTimes;

/// Figures of the server and the machine that were read during the window.
#[derive(Debug)]
pub struct Observed {
    /// The edges of the window.
    pub window: [Instant; 2],
    /// The same by the clocks of the machine; `None` if there is no one machine.
    pub times: Option<WindowTimes>,
    /// The server at the start of the window.
    pub before: Option<ServerUsage>,
    /// The server at its end.
    pub after: Option<ServerUsage>,
    /// The largest size of the server.
    pub peak: PeakSize,
    /// The share of CPU time that the hypervisor took.
    pub steal: f64,
    /// Memory of this process.
    pub memory_bytes: Option<u64>,
}

impl Observed {
    /// The readings of a trial whose server was not observed.
    pub(crate) fn without_server(steal: f64, memory_bytes: Option<u64>) -> Observed {
        Observed {
            window: [Instant::now(); 2],
            times: None,
            before: None,
            after: None,
            peak: PeakSize::default(),
            steal,
            memory_bytes,
        }
    }
}
