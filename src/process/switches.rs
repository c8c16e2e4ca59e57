//! Context switches of the threads of a server, as read from /proc (proc(5)).

use std::collections::BTreeMap;
use std::fs;

use super::procfs::{Process, ProcessTable};

/// The most threads that are read: each takes some 20 µs, while the load runs.
const MOST_THREADS: u64 = 1024;

/// Context switches of each thread of a set of processes, up to one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    /// By thread id.
    threads: BTreeMap<i32, Counts>,
}

/// Context switches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The thread waited for something, such as a request: each is followed by a wake-up.
    pub voluntary: u64,
    /// The core was taken from the thread.
    pub involuntary: u64,
}

impl Switches {
    /// Reads the switches of the descendants of `guard`; `None` if they have too many threads.
    pub fn of_descendants(table: &ProcessTable, guard: i32) -> Option<Switches> {
        let processes = table.descendants(guard);
        let threads: u64 = processes.iter().map(|process| process.threads).sum();
        (threads <= MOST_THREADS).then(|| Switches::of(&processes))
    }

    fn of(processes: &[Process]) -> Switches {
        let mut threads = BTreeMap::new();
        for process in processes {
            // A process or a thread that has ended meanwhile is left out.
            let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", process.pid)) else {
                continue;
            };
            for task in tasks.flatten() {
                let status = fs::read_to_string(task.path().join("status"));
                let thread = task.file_name().to_str().and_then(|name| name.parse().ok());
                let counts = status.ok().and_then(|status| parsed(&status));
                if let Some((thread, counts)) = thread.zip(counts) {
                    threads.insert(thread, counts);
                }
            }
        }
        Switches { threads }
    }

    /// The switches since `before`; `None` if a thread has ended since, because its last ones are
    /// unknown.
    pub fn since(&self, before: &Switches) -> Option<Counts> {
        let mut ids = before.threads.keys();
        if !ids.all(|id| self.threads.contains_key(id)) {
            return None;
        }
        let mut sum = Counts::default();
        for (id, now) in &self.threads {
            let before = before.threads.get(id).copied().unwrap_or_default();
            sum.voluntary += now.voluntary.saturating_sub(before.voluntary);
            sum.involuntary += now.involuntary.saturating_sub(before.involuntary);
        }
        Some(sum)
    }
}

/// The counts in the text of a `status` file.
fn parsed(status: &str) -> Option<Counts> {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    Some(Counts {
        voluntary: value("voluntary_ctxt_switches:")?,
        involuntary: value("nonvoluntary_ctxt_switches:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    fn own() -> Switches {
        let own = Process::read(std::process::id() as i32).unwrap();
        Switches::of(&[own])
    }

    #[test]
    fn a_thread_that_waits_switches_voluntarily() {
        let (send_id, id) = channel();
        let (go, gone) = channel::<()>();
        let (done, is_done) = channel();
        let sleeper = thread::spawn(move || {
            send_id.send(nix::unistd::gettid().as_raw()).unwrap();
            gone.recv().unwrap();
            for _ in 0..20 {
                thread::sleep(Duration::from_micros(200));
            }
            done.send(()).unwrap();
            // Alive until it has been read.
            let _ = gone.recv();
        });
        let id = id.recv().unwrap();
        let only = |all: Switches| Switches {
            threads: all
                .threads
                .into_iter()
                .filter(|(of, _)| *of == id)
                .collect(),
        };
        let before = only(own());
        go.send(()).unwrap();
        is_done.recv().unwrap();
        let after = only(own());
        assert!(after.since(&before).unwrap().voluntary >= 20);
        assert_eq!(Switches::default().since(&before), None, "it has ended");
        drop(go);
        sleeper.join().unwrap();
    }

    #[test]
    fn a_status_file_without_counts_is_left_out() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n";
        let counts = parsed(status).unwrap();
        assert_eq!((counts.voluntary, counts.involuntary), (7, 3));
        assert_eq!(parsed("Name:\tx\nvoluntary_ctxt_switches:\t7\n"), None);
    }
}
