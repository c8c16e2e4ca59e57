//! Which program measured, and on which machine.

use serde::{Deserialize, Serialize};

/// Which build of the program measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The version of the crate.
    pub version: String,
    /// The commit, if it was built from a checkout.
    pub git: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// `release` or `debug`.
    pub profile: String,
}

/// Where it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// What the processor calls itself.
    pub cpu_model: Option<String>,
    /// Cores that this process may use.
    pub cpus: usize,
    /// Cores that the control group may use at a time, if that is limited.
    pub cpu_quota: Option<f64>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The frequency governor.
    pub governor: Option<String>,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// Whether it is a virtual machine.
    pub virtualised: bool,
    /// Processes that were ready to run, on average over the minute before.
    pub load_1m: Option<f64>,
    /// What bounds connections.
    pub limits: SystemLimits,
}

impl Environment {
    /// Whether figures of both may stand in one record.
    pub fn is_same_machine(&self, other: &Environment) -> bool {
        let of = |machine: &Environment| {
            let (cpu, kernel) = (machine.cpu_model.clone(), machine.kernel.clone());
            (
                cpu,
                kernel,
                machine.cpus,
                machine.cpu_quota,
                machine.memory_bytes,
            )
        };
        of(self) == of(other)
    }
}

/// What bounds connections on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemLimits {
    /// File descriptors a process may have (the hard limit).
    pub nofile: Option<u64>,
    /// The longest backlog.
    pub somaxconn: Option<u64>,
    /// The first and the last port that the system gives out.
    pub port_range: Option<[u16; 2]>,
}
