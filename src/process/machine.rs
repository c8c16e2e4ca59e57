//! CPU time of the whole machine, and of the processes that take no part in a load.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::cpu_ticks::CpuTicks;
use super::cpu_time::{cpu_clock, ticks};
use super::procfs::{Process, ProcessTable};

/// The CPU time of the machine up to one time.
#[derive(Debug, Clone, Default)]
pub struct MachineUsage {
    /// All cores, from boot on.
    pub cores: CpuTicks,
    /// This process, the generator.
    pub own: Duration,
    /// Processes that are neither this one nor of the server.
    others: HashMap<(i32, u64), Used>,
}

/// CPU time of one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Used {
    own: Duration,
    reaped: Duration,
}

impl MachineUsage {
    /// Reads it, with the processes in `table`; the server's are those under `guard`.
    ///
    /// Threads of the kernel are no other processes: they may work for the server or the generator.
    pub fn read(table: &ProcessTable, guard: i32) -> MachineUsage {
        let cores = CpuTicks::now();
        let own = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
        let server: HashSet<i32> = table
            .descendants(guard)
            .iter()
            .map(|process| process.pid)
            .collect();
        let this = std::process::id() as i32;
        let is_other = |process: &&Process| {
            let pid = process.pid;
            // What the guard has reaped was the server's.
            let is_own = pid == this || pid == guard || server.contains(&pid);
            !process.is_kernel_thread && !is_own
        };
        let used = |process: &Process| {
            let own = cpu_clock(process.pid);
            let own = own.unwrap_or_else(|| ticks(process.user_ticks + process.system_ticks));
            let reaped = ticks(process.reaped_user_ticks + process.reaped_system_ticks);
            let identity = (process.pid, process.started_ticks);
            (identity, Used { own, reaped })
        };
        MachineUsage {
            cores,
            own: own.map_or(Duration::ZERO, Duration::from),
            others: table.all().iter().filter(is_other).map(used).collect(),
        }
    }

    /// CPU time that other processes used since `before`.
    ///
    /// A process that ended meanwhile counts by the children's times of the one that reaped it,
    /// which have its whole life.
    pub fn others_since(&self, before: &MachineUsage) -> Duration {
        let (mut used, mut reaped) = (Duration::ZERO, Duration::ZERO);
        for (identity, now) in &self.others {
            let earlier = before.others.get(identity).copied().unwrap_or_default();
            used += now.own.saturating_sub(earlier.own);
            reaped += now.reaped.saturating_sub(earlier.reaped);
        }
        let ended = before.others.iter();
        let ended = ended.filter(|(identity, _)| !self.others.contains_key(identity));
        let counted_before: Duration = ended.map(|(_, used)| used.own + used.reaped).sum();
        used + reaped.saturating_sub(counted_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes by number, with their own time and that of their reaped children in seconds.
    fn usage(processes: &[(i32, u64, u64)]) -> MachineUsage {
        let used = |(pid, own, reaped): &(i32, u64, u64)| {
            let [own, reaped] = [own, reaped].map(|seconds| Duration::from_secs(*seconds));
            ((*pid, 0), Used { own, reaped })
        };
        MachineUsage {
            others: processes.iter().map(used).collect(),
            ..MachineUsage::default()
        }
    }

    #[test]
    fn other_processes_count_also_if_they_began_or_ended() {
        let seconds = |before: &[(i32, u64, u64)], after: &[(i32, u64, u64)]| {
            usage(after).others_since(&usage(before)).as_secs()
        };
        assert_eq!(seconds(&[(1, 10, 5)], &[(1, 12, 5)]), 2);
        assert_eq!(seconds(&[(1, 10, 5)], &[(1, 10, 5), (2, 3, 0)]), 3, "began");
        // Process 2 had used 4 s, used 2 s more, and was reaped by process 1.
        assert_eq!(
            seconds(&[(1, 10, 5), (2, 4, 0)], &[(1, 10, 11)]),
            2,
            "ended"
        );
        // The same, reaped by a process that is not seen.
        assert_eq!(seconds(&[(1, 10, 5), (2, 4, 0)], &[(1, 11, 5)]), 1);
        // Began and ended between the readings.
        assert_eq!(seconds(&[(1, 10, 5)], &[(1, 10, 8)]), 3);
        assert_eq!(seconds(&[(1, 10, 5)], &[(1, 10, 5)]), 0);
    }

    #[test]
    fn a_process_of_the_server_is_no_other() {
        let table = ProcessTable::read().unwrap();
        let this = std::process::id() as i32;
        let usage = MachineUsage::read(&table, this);
        assert!(usage.own > Duration::ZERO);
        assert!(usage.others.keys().all(|(pid, _)| *pid != this));
    }

    #[test]
    fn a_guard_is_no_other_process() {
        let mut guard = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = guard.id() as i32;
        let table = ProcessTable::read().unwrap();
        let is_other = |of: i32| {
            let usage = MachineUsage::read(&table, of);
            usage.others.keys().any(|(other, _)| *other == pid)
        };
        let found = [is_other(pid), is_other(i32::MAX)];
        guard.kill().unwrap();
        guard.wait().unwrap();
        assert_eq!(found, [false, true], "of its own server, of another");
    }
}
