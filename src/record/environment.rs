//! The build of the program and the machine.

use serde::{Deserialize, Serialize};

use super::cpu_accounting::CpuAccounting;

/// The build of the program that measured.
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

/// The machine on which it measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's model name.
    pub cpu_model: Option<String>,
    /// Cores that this process may use.
    pub cpus: usize,
    /// Cores that the control group may use at the same time, if limited.
    pub cpu_quota: Option<f64>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The frequency governor.
    pub governor: Option<String>,
    /// Memory of the machine, in bytes.
    pub memory_bytes: Option<u64>,
    /// Whether it is a virtual machine.
    pub virtualised: bool,
    /// Load average of the minute before the run: processes that were ready to run.
    pub load_1m: Option<f64>,
    /// How the kernel divides CPU time among processes; null in older records.
    #[serde(default)]
    pub cpu_accounting: Option<CpuAccounting>,
    /// Limits on connections.
    pub limits: SystemLimits,
    /// The last self-test of this machine and build, if there is one.
    #[serde(default)]
    pub selftest: Option<SelftestSummary>,
}

impl Environment {
    /// Whether both describe the same machine, so that one record may hold trials of both.
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

/// Limits of the system on connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemLimits {
    /// File descriptors per process (the hard limit).
    pub nofile: Option<u64>,
    /// The longest listen backlog.
    pub somaxconn: Option<u64>,
    /// The first and the last ephemeral port.
    pub port_range: Option<[u16; 2]>,
}

/// The last self-test of a machine and build, as named in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelftestSummary {
    /// Start, in UTC (RFC 3339).
    pub time: String,
    /// Whether its windows were the short ones.
    pub quick: bool,
    /// Number of checks that passed.
    pub passed: usize,
    /// The names of the checks that failed.
    pub failed: Vec<String>,
}
