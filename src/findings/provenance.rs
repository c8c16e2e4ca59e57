//! The machine and the tool version that made a record, in one line.

use super::units::{count, some};
use crate::record::{Record, SelftestSummary};

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

/// What the last self-test of a machine and build said.
pub(crate) fn selftest_sentence(summary: Option<&SelftestSummary>) -> String {
    let Some(summary) = summary else {
        return "none".to_owned();
    };
    let (passed, failed) = (summary.passed as u64, summary.failed.len() as u64);
    let all = some(passed + failed, "check");
    let kind = if summary.quick { ", quick" } else { "" };
    let when = format!("{}{kind}", summary.time);
    match failed {
        0 => format!("{all} passed ({when})"),
        _ => format!(
            "{} of {all} passed ({when}); failed: {}",
            count(passed),
            summary.failed.join(", ")
        ),
    }
}
