//! The processes of a server, as read from /proc (proc(5)).

use std::collections::{HashMap, HashSet};
use std::time::Duration;
use std::{fs, io};

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// A process, as read from /proc/PID/stat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Its parent's process id.
    pub parent: i32,
    /// Its state: `R`, `S`, `Z` and so on.
    pub state: char,
    /// Number of threads.
    pub threads: u64,
    user_ticks: u64,
    system_ticks: u64,
    reaped_user_ticks: u64,
    reaped_system_ticks: u64,
}

impl Process {
    /// Reads one process; `None` if it has ended.
    pub fn read(pid: i32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in brackets, may contain brackets and spaces.
        let after_name = stat.rsplit_once(") ")?.1;
        let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Process {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            state: fields.first()?.chars().next()?,
            threads: number(17)?,
            user_ticks: number(11)?,
            system_ticks: number(12)?,
            reaped_user_ticks: number(13)?,
            reaped_system_ticks: number(14)?,
        })
    }
}

/// All descendants of `root`, without `root` itself.
///
/// # Errors
/// When /proc cannot be listed.
pub fn descendants(root: i32) -> io::Result<Vec<Process>> {
    let pids =
        fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in pids.filter_map(Process::read) {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut visited = HashSet::from([root]);
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            if visited.insert(process.pid) {
                next.push(process.pid);
                found.push(process);
            }
        }
    }
    Ok(found)
}

/// The number of open descriptors of a process; `None` if it has ended.
pub fn descriptors(pid: i32) -> Option<u64> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64)
}

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
    /// Reads the CPU time of the descendants of `guard`.
    ///
    /// Live processes by their CPU clocks, since ticks of 10 ms lose short-lived
    /// children. Ended processes by the children's times of the process that
    /// reaped them.
    ///
    /// # Errors
    /// When /proc cannot be listed.
    pub fn of_descendants(guard: i32) -> io::Result<CpuTime> {
        let mut cpu = CpuTime::default();
        // Reaped times first: a child that ends between the two reads is missed, not counted twice.
        for process in Process::read(guard).into_iter().chain(descendants(guard)?) {
            cpu.add_ticks(process.reaped_user_ticks, process.reaped_system_ticks);
            cpu.reaped += ticks(process.reaped_user_ticks + process.reaped_system_ticks);
            if process.pid != guard {
                cpu.add_ticks(process.user_ticks, process.system_ticks);
                cpu.total += cpu_clock(process.pid)
                    .unwrap_or_else(|| ticks(process.user_ticks + process.system_ticks));
            }
        }
        cpu.total += cpu.reaped;
        Ok(cpu)
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

fn cpu_clock(pid: i32) -> Option<Duration> {
    let clock: ClockId = clock_getcpuclockid(Pid::from_raw(pid)).ok()?;
    clock_gettime(clock).ok().map(Duration::from)
}

fn ticks(count: u64) -> Duration {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    Duration::from_secs_f64(count as f64 / per_second as f64)
}

/// Memory of a process in bytes, with shared pages divided among the processes that map them (PSS).
pub fn pss_bytes(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn finds_children_and_their_memory() {
        let own = std::process::id() as i32;
        let mut child = Command::new("sleep")
            .arg("30")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id() as i32;
        let found = descendants(own).unwrap();
        let process = found.iter().find(|process| process.pid == pid).copied();
        let memory = pss_bytes(pid);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(process.unwrap().parent, own);
        assert!(memory.unwrap() > 0);
        assert!(Process::read(pid).is_none());
    }

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
