//! The memory of a server, of all its processes at one time.
//!
//! PSS divides a shared page by the number of processes that map it at the moment of reading. The
//! processes are read one after the other, so their sum is true only if none of them began or ended
//! meanwhile. A pass therefore lists the processes, reads each, lists them again, and counts only
//! if both lists are equal and no process reaped a child between them: such a child would be in
//! neither list, and have divided the pages of the others.

use std::collections::BTreeSet;
use std::io;

use super::procfs::{self, Process, ProcessTable};

/// Passes before a reading is given up.
const PASSES: usize = 5;

/// The processes of a server, with the guard that adopts its orphans.
#[derive(Debug, Clone)]
pub(super) struct ProcessTree {
    /// The guard, which is no part of the server.
    pub(super) guard: Process,
    /// The processes of the server.
    pub(super) server: Vec<Process>,
}

/// Reads processes and their memory.
pub(super) trait ReadProcesses {
    /// The guard and its descendants; `None` if the guard has ended.
    fn list(&self) -> io::Result<Option<ProcessTree>>;
    /// The memory of a process; `None` if it has ended or must not be read.
    fn memory_bytes(&self, pid: i32) -> Option<u64>;
    /// The page faults of the children that a process has reaped; `None` if it has ended.
    fn reaped_faults(&self, pid: i32) -> Option<u64>;
}

/// The processes under this guard, from /proc.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderGuard(pub(super) i32);

impl ReadProcesses for UnderGuard {
    fn list(&self) -> io::Result<Option<ProcessTree>> {
        let table = ProcessTable::read()?;
        let server = table.descendants(self.0);
        let guard = table.get(self.0).copied();
        Ok(guard.map(|guard| ProcessTree { guard, server }))
    }

    fn memory_bytes(&self, pid: i32) -> Option<u64> {
        procfs::pss_bytes(pid)
    }

    fn reaped_faults(&self, pid: i32) -> Option<u64> {
        Some(Process::read(pid)?.reaped_faults)
    }
}

impl ProcessTree {
    /// The processes that have memory: all but zombies.
    fn living(&self) -> impl Iterator<Item = &Process> {
        self.server.iter().filter(|process| process.state != 'Z')
    }

    fn identities(&self) -> BTreeSet<(i32, u64)> {
        let identity = |process: &Process| (process.pid, process.started_ticks);
        self.living().map(identity).collect()
    }

    fn with_guard(&self) -> impl Iterator<Item = &Process> {
        std::iter::once(&self.guard).chain(&self.server)
    }

    fn reaped_faults(&self) -> u64 {
        let faults = self.with_guard().map(|process| process.reaped_faults);
        faults.sum()
    }
}

/// Memory of a number of processes at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// In bytes, shared pages divided (PSS).
    pub(super) bytes: u64,
    processes: usize,
}

/// Reads the memory of a server in one pass; passes in which a process began or ended are
/// repeated. `None` if there was one in each. `saw` is called with each list.
pub(super) fn read(
    processes: &dyn ReadProcesses,
    saw: &mut dyn FnMut(&ProcessTree),
) -> io::Result<Option<Memory>> {
    for _ in 0..PASSES {
        let Some(before) = processes.list()? else {
            return Ok(None);
        };
        saw(&before);
        let each = before
            .living()
            .map(|process| processes.memory_bytes(process.pid));
        let Some(bytes) = each.sum::<Option<u64>>() else {
            continue;
        };
        let Some(after) = processes.list()? else {
            return Ok(None);
        };
        saw(&after);
        // After the second list: a child may end while that is made.
        let reaped_none = before
            .with_guard()
            .all(|process| processes.reaped_faults(process.pid) == Some(process.reaped_faults));
        if reaped_none && before.identities() == after.identities() {
            let processes = before.living().count();
            return Ok(Some(Memory { bytes, processes }));
        }
    }
    Ok(None)
}

/// The largest size of a server, over several readings.
#[derive(Debug, Clone, Default)]
pub struct PeakSize {
    /// Processes, zombies included.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// The largest memory that was read.
    most_bytes: u64,
    /// The most processes of which memory was read at one time.
    most_read: usize,
    /// The most processes with memory that were listed.
    most_listed: usize,
    first: Option<(BTreeSet<(i32, u64)>, u64)>,
    /// Whether all lists had the same processes as the first.
    is_constant: bool,
    /// Page faults of reaped children in the last list.
    reaped_faults: u64,
}

impl PeakSize {
    /// Takes processes and threads into account, without their memory.
    pub(super) fn list(&mut self, processes: &dyn ReadProcesses) -> io::Result<()> {
        if let Some(tree) = processes.list()? {
            self.saw(&tree);
        }
        Ok(())
    }

    /// Takes processes, threads and memory into account.
    pub(super) fn read(&mut self, processes: &dyn ReadProcesses) -> io::Result<()> {
        if let Some(memory) = read(processes, &mut |tree| self.saw(tree))? {
            self.most_bytes = self.most_bytes.max(memory.bytes);
            self.most_read = self.most_read.max(memory.processes);
        }
        Ok(())
    }

    /// The largest memory in bytes, shared pages divided (PSS). `None` if it is not known: it was
    /// never read of as many processes as there were at some time, or children came and went
    /// between all readings.
    pub fn memory_bytes(&self) -> Option<u64> {
        let (_, reaped_before) = self.first.as_ref()?;
        let unseen_children = self.is_constant && self.reaped_faults > *reaped_before;
        let is_known = self.most_read > 0 && self.most_read >= self.most_listed;
        (is_known && !unseen_children).then_some(self.most_bytes)
    }

    fn saw(&mut self, tree: &ProcessTree) {
        self.processes = self.processes.max(tree.server.len() as u64);
        let threads = tree.server.iter().map(|process| process.threads).sum();
        self.threads = self.threads.max(threads);
        self.most_listed = self.most_listed.max(tree.living().count());
        self.reaped_faults = tree.reaped_faults();
        let identities = tree.identities();
        match &self.first {
            None => {
                self.first = Some((identities, self.reaped_faults));
                self.is_constant = true;
            }
            Some((first, _)) => self.is_constant &= *first == identities,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// One list of a scripted server: the process ids, and the children reaped by the first of them.
    type Listed = (&'static [i32], u64);

    /// Processes that change from list to list. Each has 1 MiB; an ended one has none.
    struct Script {
        lists: RefCell<VecDeque<Listed>>,
        now: RefCell<Listed>,
        /// This process ends before it can be read, each time.
        ends: Option<i32>,
    }

    impl Script {
        fn new(lists: &[Listed]) -> Script {
            Script {
                lists: RefCell::new(lists.iter().copied().collect()),
                now: RefCell::new(lists[0]),
                ends: None,
            }
        }

        fn left(&self) -> usize {
            self.lists.borrow().len()
        }
    }

    impl ReadProcesses for Script {
        fn list(&self) -> io::Result<Option<ProcessTree>> {
            let next = self.lists.borrow_mut().pop_front();
            if let Some(next) = next {
                *self.now.borrow_mut() = next;
            }
            let (pids, reaped) = *self.now.borrow();
            let process = |pid: &i32| Process {
                pid: pid.abs(),
                state: if *pid < 0 { 'Z' } else { 'S' },
                threads: 1,
                reaped_faults: if *pid == pids[0] { reaped } else { 0 },
                ..Process::default()
            };
            Ok(Some(ProcessTree {
                guard: process(&1),
                server: pids.iter().map(process).collect(),
            }))
        }

        fn memory_bytes(&self, pid: i32) -> Option<u64> {
            (self.ends != Some(pid)).then_some(MIB)
        }

        fn reaped_faults(&self, pid: i32) -> Option<u64> {
            let (pids, reaped) = *self.now.borrow();
            Some(if pid == pids[0] { reaped } else { 0 })
        }
    }

    fn read_memory(script: &Script) -> Option<u64> {
        let memory = read(script, &mut |_| {}).unwrap();
        memory.map(|memory| memory.bytes)
    }

    /// The peak after one reading of each script.
    fn peak(scripts: &[Script]) -> PeakSize {
        let mut peak = PeakSize::default();
        scripts.iter().for_each(|script| peak.read(script).unwrap());
        peak
    }

    const STILL: Listed = (&[10, 11, 12], 0);

    #[test]
    fn one_pass_is_enough_while_nothing_changes() {
        let script = Script::new(&[STILL, STILL, (&[10], 0)]);
        assert_eq!(read_memory(&script), Some(3 * MIB));
        assert_eq!(script.left(), 1, "the third list is not made");
    }

    #[test]
    fn a_pass_in_which_a_process_appeared_is_repeated() {
        let appeared: Listed = (&[10, 11, 12, 13], 0);
        let script = Script::new(&[STILL, appeared, appeared, appeared]);
        assert_eq!(read_memory(&script), Some(4 * MIB));
        assert_eq!(script.left(), 0);
    }

    #[test]
    fn a_pass_in_which_a_process_vanished_is_repeated() {
        let vanished: Listed = (&[10, 11], 1);
        let script = Script::new(&[STILL, vanished, vanished, vanished]);
        assert_eq!(read_memory(&script), Some(2 * MIB));
        assert_eq!(script.left(), 0);
    }

    #[test]
    fn a_child_between_two_equal_lists_is_noticed() {
        // It was forked and reaped while the others were read: only its parent shows it.
        let script = Script::new(&[STILL, (&[10, 11, 12], 40), (&[10, 11, 12], 40)]);
        assert_eq!(read_memory(&script), Some(3 * MIB));
        assert_eq!(script.left(), 0);
    }

    #[test]
    fn without_a_quiet_pass_there_is_no_figure() {
        let script = Script {
            ends: Some(12),
            ..Script::new(&[STILL])
        };
        assert_eq!(read_memory(&script), None);
        let other: Listed = (&[10, 11, 13], 0);
        let changing: Vec<Listed> = [STILL, other].repeat(PASSES);
        let script = Script::new(&[changing.as_slice(), &[STILL, STILL]].concat());
        assert_eq!(read_memory(&script), None);
        assert_eq!(script.left(), 2, "the number of passes is bounded");
    }

    #[test]
    fn a_zombie_has_no_memory_and_stops_no_reading() {
        let script = Script {
            ends: Some(12),
            ..Script::new(&[(&[10, 11, -12], 0)])
        };
        assert_eq!(read_memory(&script), Some(2 * MIB));
        let peak = peak(&[script]);
        assert_eq!((peak.processes, peak.threads), (3, 3));
        assert_eq!(peak.memory_bytes(), Some(2 * MIB));
    }

    #[test]
    fn the_peak_is_known_only_of_as_many_processes_as_there_were() {
        let parent: Listed = (&[10], 0);
        let brief = || Script {
            ends: Some(11),
            ..Script::new(&[(&[10, 11], 0)])
        };
        assert_eq!(peak(&[]).memory_bytes(), None);
        assert_eq!(peak(&[Script::new(&[parent])]).memory_bytes(), Some(MIB));
        // The child is listed, and never read: the parent alone is not the server.
        assert_eq!(
            peak(&[brief(), Script::new(&[parent])]).memory_bytes(),
            None
        );
        assert_eq!(
            peak(&[brief(), Script::new(&[(&[10, 12], 9)])]).memory_bytes(),
            Some(2 * MIB)
        );
    }

    #[test]
    fn the_peak_is_unknown_if_children_lived_between_all_lists() {
        let later = |pids, reaped| Script::new(&[(pids, reaped)]);
        let alone: &[i32] = &[10];
        let known = |scripts: &[Script]| peak(scripts).memory_bytes();
        assert_eq!(known(&[later(alone, 7), later(alone, 7)]), Some(MIB));
        assert_eq!(known(&[later(alone, 7), later(alone, 90)]), None);
        // A worker that was replaced has been read, and so has its successor.
        assert_eq!(
            known(&[later(&[10, 11], 7), later(&[10, 12], 90)]),
            Some(2 * MIB)
        );
    }

    #[test]
    fn listing_alone_reads_no_memory() {
        let mut peak = PeakSize::default();
        peak.list(&Script::new(&[STILL])).unwrap();
        assert_eq!((peak.processes, peak.memory_bytes()), (3, None));
        peak.read(&Script::new(&[(&[10], 0)])).unwrap();
        assert_eq!(peak.memory_bytes(), None, "two of three were gone");
    }
}
