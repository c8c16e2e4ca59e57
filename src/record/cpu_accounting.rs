//! How the kernel divides CPU time among processes.

use serde::{Deserialize, Serialize};

/// How the kernel divides CPU time among processes: settings that move the work for a connection
/// from the server to the generator, back, or to neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuAccounting {
    /// Whether time in interrupts and softirqs counts for no process (IRQ time accounting); if not,
    /// it counts for the process that was interrupted. Null: unknown.
    pub irq_time: Option<bool>,
    /// Whether user and kernel time are told apart by samples at clock ticks, and not at each entry
    /// of the kernel. Their sum is exact in either case. Null: unknown.
    pub split_by_ticks: Option<bool>,
    /// Whether time that the hypervisor took counts for no process. Null: unknown.
    pub steal_left_out: Option<bool>,
    /// Network interfaces whose packets another core may receive (RPS).
    pub rps: Vec<String>,
    /// Network interfaces whose packets a thread of the kernel receives (threaded NAPI).
    pub threaded_napi: Vec<String>,
    /// What moves interrupts or softirqs to threads of the kernel: the boot options `threadirqs` and
    /// `thread_backlog_napi` (which concerns loopback), and `PREEMPT_RT`.
    pub interrupt_threads: Vec<String>,
}

impl CpuAccounting {
    /// Whether the work of receiving over loopback may be done outside of server and generator.
    pub fn moves_loopback(&self) -> bool {
        let to_threads = self.interrupt_threads.iter();
        let mut to_threads = to_threads.filter(|name| *name != "threadirqs");
        to_threads.next().is_some() || self.rps.iter().any(|name| name == "lo")
    }
}
