//! The scheduling priority of a thread: raised, read, and given back.

use std::io;
use std::str::FromStr;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// The nice value of a thread that has asked for [`Priority::Nice`].
const RAISED_NICE: i32 = -10;
/// The lowest priority of SCHED_FIFO: over all normal threads, under the kernel's own.
const LEAST_REALTIME: i32 = 1;

/// The scheduling priority of a thread, from the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// As any thread.
    Normal,
    /// A negative nice value: a larger share of a core, and earlier turns on it.
    Nice,
    /// SCHED_FIFO: before all normal threads.
    Realtime,
}

impl Priority {
    /// The name, as on the command line and in a record.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Normal => "normal",
            Priority::Nice => "nice",
            Priority::Realtime => "realtime",
        }
    }

    /// The priorities that this machine permits to this process, tried on a thread of their own.
    pub(crate) fn permitted() -> Vec<Priority> {
        let raises = |wanted: &Priority| {
            let wanted = *wanted;
            let tried = std::thread::spawn(move || ThreadPriority::read()?.raise(wanted));
            tried.join().is_ok_and(|raised| raised.is_ok())
        };
        let all = [Priority::Realtime, Priority::Nice, Priority::Normal];
        all.into_iter().filter(raises).collect()
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Priority, String> {
        let all = [Priority::Realtime, Priority::Nice, Priority::Normal];
        all.into_iter()
            .find(|priority| priority.name() == text)
            .ok_or_else(|| "expected realtime, nice or normal".to_owned())
    }
}

/// How the kernel schedules this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadPriority {
    policy: i32,
    nice: i32,
}

impl ThreadPriority {
    /// Reads it.
    ///
    /// # Errors
    /// When sched_getscheduler(2) or getpriority(2) fails.
    pub(crate) fn read() -> io::Result<ThreadPriority> {
        // SAFETY: no pointer is passed. 0 is this thread. (The function of musl only fails.)
        let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) };
        let policy = i32::try_from(Errno::result(policy)?).map_err(io::Error::other)?;
        // −1 is also a nice value, so only errno tells an error.
        Errno::clear();
        // SAFETY: no pointer is passed. 0 is this thread, on Linux.
        let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        if nice == -1 && Errno::last_raw() != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(ThreadPriority {
            policy: policy & !libc::SCHED_RESET_ON_FORK,
            nice,
        })
    }

    /// Its name.
    pub(crate) fn priority(self) -> Priority {
        match self.policy {
            libc::SCHED_FIFO | libc::SCHED_RR => Priority::Realtime,
            _ if self.nice < 0 => Priority::Nice,
            _ => Priority::Normal,
        }
    }

    /// Raises this thread, which has this priority, to `wanted`, unless it has that already. The
    /// threads and processes that it starts from then on are normal ones.
    ///
    /// # Errors
    /// When it is not permitted (CAP_SYS_NICE, RLIMIT_RTPRIO, RLIMIT_NICE); the priority is then
    /// as before.
    pub(crate) fn raise(self, wanted: Priority) -> io::Result<()> {
        match wanted {
            _ if self.priority() >= wanted => Ok(()),
            Priority::Normal => Ok(()),
            Priority::Nice => {
                set_policy(self.policy, 0)?;
                set_nice(RAISED_NICE)
            }
            Priority::Realtime => set_policy(libc::SCHED_FIFO, LEAST_REALTIME),
        }
    }

    /// Gives this thread this priority, which it had before it was raised.
    ///
    /// # Errors
    /// When a system call fails: a lower priority is always permitted.
    pub(crate) fn restore(self) -> io::Result<()> {
        // Only `raise` changes it, and does nothing to a realtime thread.
        if self.priority() == Priority::Realtime {
            return Ok(());
        }
        set_policy(self.policy, 0)?;
        set_nice(self.nice)
    }
}

fn set_policy(policy: i32, realtime_priority: i32) -> io::Result<()> {
    let param = libc::sched_param {
        sched_priority: realtime_priority,
    };
    let policy = policy | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `param` lives through the call, which only reads it. 0 is this thread.
    let set = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const param) };
    Ok(Errno::result(set).map(drop)?)
}

fn set_nice(nice: i32) -> io::Result<()> {
    // SAFETY: no pointer is passed. 0 is this thread, on Linux.
    let set = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    Ok(Errno::result(set).map(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raised_thread_passes_nothing_on_and_gives_it_back() {
        let all = Priority::permitted();
        assert_eq!(all.last(), Some(&Priority::Normal), "always permitted");
        let here = ThreadPriority::read().unwrap();
        for wanted in all {
            let thread = std::thread::spawn(move || {
                let before = ThreadPriority::read().unwrap();
                before.raise(wanted).unwrap();
                let raised = ThreadPriority::read().unwrap();
                let child = std::thread::spawn(|| ThreadPriority::read().unwrap());
                let child = child.join().unwrap();
                before.restore().unwrap();
                (before, raised, child, ThreadPriority::read().unwrap())
            });
            let (before, raised, child, after) = thread.join().unwrap();
            assert_eq!(raised.priority(), wanted.max(before.priority()));
            assert_eq!((child, after), (before, before), "{wanted:?}");
        }
        assert_eq!(ThreadPriority::read().unwrap(), here, "only its own thread");
    }
}
