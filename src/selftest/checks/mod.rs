//! The checks, one per file.

mod dropped_replies;
mod fixed_time;
mod md1;
mod planned_gaps;
mod rate_not_kept;
mod received_gaps;
mod shared_memory;
mod short_children;
mod spin_cpu;
mod stalls;
mod wrong_replies;

use super::check::Check;

/// All checks, in the order of the report.
pub static ALL: &[&dyn Check] = &[
    &fixed_time::FixedTime,
    &stalls::Stalls,
    &md1::Md1,
    &rate_not_kept::RateNotKept,
    &planned_gaps::PlannedGaps,
    &received_gaps::ReceivedGaps,
    &dropped_replies::DroppedReplies,
    &wrong_replies::WrongReplies,
    &spin_cpu::SpinCpu,
    &short_children::ShortChildren,
    &shared_memory::SharedMemory,
];

/// The check with this name.
pub fn find(name: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.name() == name)
}
