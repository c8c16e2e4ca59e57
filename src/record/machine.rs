//! The CPU time of the whole machine in a trial.

use serde::{Deserialize, Serialize};

/// The CPU time of the machine that ran server and generator, over the window. In loads over
/// loopback the kernel does part of a server's work in the name of the generator, and the reverse;
/// the machine has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MachineSide {
    /// CPU time per correct reply, in microseconds: the busy time of all cores, without that of
    /// other processes and without polls of the generator that found nothing to do. It is the CPU
    /// time of the server, of the generator, and of the kernel for both.
    pub cpu_us_per_request: Option<f64>,
    /// Busy time of all cores between the readings, in seconds: not idle, not stolen.
    pub busy_s: f64,
    /// Of this, processes that are neither the server nor the generator, as far as this program can
    /// see them, in seconds.
    pub other_processes_s: f64,
    /// Of the busy time, interrupts and softirqs as the kernel accounts them, in seconds.
    pub interrupts_s: f64,
    /// Cores of the machine.
    pub cores: usize,
    /// How long after each edge of the window it was read.
    pub read_late_ns: [u64; 2],
}
