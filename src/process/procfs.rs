//! The processes of a server, as read from /proc (proc(5)).

use std::collections::{HashMap, HashSet};
use std::{fs, io};

/// Set in the flags of a kernel thread (PF_KTHREAD, include/linux/sched.h).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// A process, as read from /proc/PID/stat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Its parent's process id.
    pub parent: i32,
    /// Its state: `R`, `S`, `Z` and so on.
    pub state: char,
    /// Number of threads.
    pub threads: u64,
    /// Whether it is a thread of the kernel.
    pub is_kernel_thread: bool,
    /// When it started, in clock ticks since boot: with the process id, its identity.
    pub(super) started_ticks: u64,
    /// Page faults of the children that it has reaped: the number grows with each of them.
    pub(super) reaped_faults: u64,
    pub(super) user_ticks: u64,
    pub(super) system_ticks: u64,
    pub(super) reaped_user_ticks: u64,
    pub(super) reaped_system_ticks: u64,
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
            is_kernel_thread: number(6)? & KERNEL_THREAD != 0,
            started_ticks: number(19)?,
            reaped_faults: number(8)?,
            user_ticks: number(11)?,
            system_ticks: number(12)?,
            reaped_user_ticks: number(13)?,
            reaped_system_ticks: number(14)?,
        })
    }
}

/// The processes that this one can see, at one time.
#[derive(Debug, Clone)]
pub struct ProcessTable {
    processes: Vec<Process>,
}

impl ProcessTable {
    /// Reads them all.
    ///
    /// # Errors
    /// When /proc cannot be listed.
    pub fn read() -> io::Result<ProcessTable> {
        let pids = fs::read_dir("/proc")?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Ok(ProcessTable {
            processes: pids.filter_map(Process::read).collect(),
        })
    }

    /// All processes.
    pub fn all(&self) -> &[Process] {
        &self.processes
    }

    /// The process with this id.
    pub fn get(&self, pid: i32) -> Option<&Process> {
        self.processes.iter().find(|process| process.pid == pid)
    }

    /// All descendants of `root`, without `root` itself.
    pub fn descendants(&self, root: i32) -> Vec<Process> {
        let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
        for process in &self.processes {
            children.entry(process.parent).or_default().push(*process);
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
        found
    }
}

/// All descendants of `root`, without `root` itself.
///
/// # Errors
/// When /proc cannot be listed.
pub fn descendants(root: i32) -> io::Result<Vec<Process>> {
    Ok(ProcessTable::read()?.descendants(root))
}

/// The number of open descriptors of a process; `None` if it has ended.
pub fn descriptors(pid: i32) -> Option<u64> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64)
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
}
