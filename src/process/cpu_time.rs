//! CPU time of the processes of a server.

use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

use super::procfs::ProcessTable;

/// CPU time that a set of processes has used up to one time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuTime {
    /// User and kernel mode together; in nanosecond resolution for live processes.
    pub total: Duration,
    /// Of these, processes that ended, in ticks of 10 ms.
    pub reaped: Duration,
    /// Clock ticks in user mode, used only to split `total`.
    user_ticks: u64,
    /// Clock ticks in kernel mode, used only to split `total`.
    system_ticks: u64,
}

impl CpuTime {
    /// Reads the CPU time of the descendants of `guard`, which are in `table`.
    ///
    /// Live processes by their CPU clocks, since ticks of 10 ms lose short-lived
    /// children. Ended processes by the children's times of the process that
    /// reaped them.
    pub fn of_descendants(table: &ProcessTable, guard: i32) -> CpuTime {
        let mut cpu = CpuTime::default();
        // Reaped times, in the table, before the clocks: a child that ends between the two reads is
        // missed, not counted twice.
        let descendants = table.descendants(guard);
        for process in table.get(guard).into_iter().chain(&descendants) {
            cpu.add_ticks(process.reaped_user_ticks, process.reaped_system_ticks);
            cpu.reaped += ticks(process.reaped_user_ticks + process.reaped_system_ticks);
            if process.pid != guard {
                cpu.add_ticks(process.user_ticks, process.system_ticks);
                cpu.total += cpu_clock(process.pid)
                    .unwrap_or_else(|| ticks(process.user_ticks + process.system_ticks));
            }
        }
        cpu.total += cpu.reaped;
        cpu
    }

    /// User and system seconds used since `before`.
    ///
    /// The sum is exact; it is split in the ratio of the clock ticks.
    pub fn since(&self, before: &CpuTime) -> (f64, f64) {
        let total = self.total.saturating_sub(before.total).as_secs_f64();
        let user = self.user_ticks.saturating_sub(before.user_ticks) as f64;
        let system = self.system_ticks.saturating_sub(before.system_ticks) as f64;
        let share = if user + system > 0.0 {
            user / (user + system)
        } else {
            0.0
        };
        (total * share, total * (1.0 - share))
    }

    fn add_ticks(&mut self, user: u64, system: u64) {
        self.user_ticks += user;
        self.system_ticks += system;
    }
}

/// CPU time of a live process, in nanosecond resolution.
pub(super) fn cpu_clock(pid: i32) -> Option<Duration> {
    let clock: ClockId = clock_getcpuclockid(Pid::from_raw(pid)).ok()?;
    clock_gettime(clock).ok().map(Duration::from)
}

/// Clock ticks of /proc as a time.
pub(super) fn ticks(count: u64) -> Duration {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    Duration::from_secs_f64(count as f64 / per_second as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_keeps_the_sum() {
        let before = CpuTime {
            total: Duration::from_secs(1),
            reaped: Duration::ZERO,
            user_ticks: 10,
            system_ticks: 90,
        };
        let after = CpuTime {
            total: Duration::from_secs(3),
            reaped: Duration::ZERO,
            user_ticks: 60,
            system_ticks: 240,
        };
        assert_eq!(after.since(&before), (0.5, 1.5));
        assert_eq!(before.since(&after), (0.0, 0.0));
    }
}
