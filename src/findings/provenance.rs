//! The machine and the tool version that made a record, in one line.

use super::units::some;
use crate::record::Record;

/// The machine, kernel, tool version and seed of a record, in one line.
pub(crate) fn provenance(record: &Record) -> String {
    let environment = &record.environment;
    let machine = environment
        .cpu_model
        .as_deref()
        .unwrap_or("unknown processor");
    format!(
        "{}, {}{}, Linux {}, rpcbench {} ({}), seed {}.",
        machine,
        some(environment.cpus as u64, "core"),
        if environment.virtualised {
            ", virtual"
        } else {
            ""
        },
        environment.kernel.as_deref().unwrap_or("unknown"),
        record.tool.version,
        record.tool.git.as_deref().unwrap_or("no commit"),
        record.seed,
    )
}
