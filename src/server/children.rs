//! Child processes: forked, counted, told to stop, and always reaped.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};

use super::bound::Server;
use super::settings::MAX_CHILDREN;
use super::stuck_workers::StuckWorkers;
use crate::sys::fork::PANICKED;

/// What a child gets beyond the drain to end by itself before it is killed.
const GRACE: Duration = Duration::from_millis(250);

/// The children of one process; a slot of the meter each.
#[derive(Debug)]
pub struct Children<'s, 'a> {
    server: &'s Server<'a>,
    slots: HashMap<Pid, usize>,
    /// Slots that nobody counts in, the lowest last.
    free: Vec<usize>,
}

/// A child that has ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedChild {
    /// The slot that it had.
    pub slot: usize,
    /// Its exit code, or none when a signal ended it.
    pub code: Option<i32>,
    /// Whether it had reached its loop.
    pub was_serving: bool,
}

impl<'a> Server<'a> {
    /// A set of children, empty yet.
    pub fn children(&self) -> Children<'_, 'a> {
        Children {
            server: self,
            slots: HashMap::new(),
            free: (0..MAX_CHILDREN).rev().collect(),
        }
    }
}

impl Children<'_, '_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// Forks a child that runs `body`, given its slot, and exits with the code that this returns.
    ///
    /// The child is sent SIGTERM when this process dies.
    ///
    /// # Errors
    /// What fork(2) says, or that all slots are taken.
    pub fn fork(&mut self, body: impl FnOnce(usize) -> i32) -> io::Result<()> {
        let slot = self
            .free
            .pop()
            .ok_or_else(|| io::Error::from(Errno::EAGAIN))?;
        let parent = getpid();
        let server = self.server;
        let meter = self.server.meter();
        let forked = crate::sys::fork::fork_child(|| {
            meter.use_slot(slot);
            server.is_child.store(true, Relaxed);
            // The parent may have died before the kernel was asked to tell of it.
            if set_pdeathsig(Signal::SIGTERM).is_err() || getppid() != parent {
                return 1;
            }
            body(slot)
        });
        match forked {
            Ok(pid) => {
                self.slots.insert(pid, slot);
                Ok(())
            }
            Err(error) => {
                self.free.push(slot);
                Err(error)
            }
        }
    }

    /// Reaps every child that has ended: one SIGCHLD can stand for many.
    ///
    /// One that did not exit with 0 is counted as a fault.
    pub fn reap(&mut self) -> Vec<EndedChild> {
        std::iter::from_fn(|| self.reap_one()).collect()
    }

    fn reap_one(&mut self) -> Option<EndedChild> {
        let (slot, code) = loop {
            let (pid, code) = match waitpid(None, Some(WaitPidFlag::WNOHANG)).ok()? {
                WaitStatus::Exited(pid, code) => (pid, Some(code)),
                WaitStatus::Signaled(pid, _, _) => (pid, None),
                _ => return None,
            };
            // One that a handler started is reaped all the same.
            if let Some(slot) = self.slots.remove(&pid) {
                break (slot, code);
            }
        };
        let meter = self.server.meter();
        let gone = EndedChild {
            slot,
            code,
            was_serving: meter.was_serving(slot),
        };
        if code != Some(0) {
            meter.lost(slot, code == Some(PANICKED));
        }
        meter.vacate(slot);
        self.free.push(slot);
        Some(gone)
    }

    /// Stops all: asks, waits as long as the drain lasts, kills what is left, reaps everything.
    ///
    /// # Errors
    /// When waiting itself fails; the children get SIGTERM with this process's end.
    pub fn drain(mut self) -> io::Result<()> {
        self.server.close_listeners();
        self.signal(Signal::SIGTERM);
        let cut = self.server.stop().deadline().unwrap_or_else(Instant::now) + GRACE;
        self.reap();
        while self.count() > 0 {
            if Instant::now() >= cut {
                self.signal(Signal::SIGKILL);
            }
            self.server.wait_for_end_of_child(GRACE)?;
            self.reap();
        }
        Ok(())
    }

    /// Kills those whose handler has not returned for so long; they are reaped as any that died.
    pub(crate) fn kill_hung(&mut self, hung: &mut StuckWorkers, after: Duration) {
        let meter = self.server.meter();
        let now = Instant::now();
        for (pid, slot) in &self.slots {
            if hung.look(*slot, meter.called_after(*slot), after, now) {
                meter.hung(*slot);
                // It is not reaped yet, so the number is still its own.
                let _ = kill(*pid, Signal::SIGKILL);
            }
        }
    }

    /// Kills and reaps all, at once.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        while self.count() > 0 && self.server.wait_for_end_of_child(GRACE).is_ok() {
            self.reap();
        }
    }

    fn signal(&self, signal: Signal) {
        for pid in self.slots.keys() {
            // It is not reaped yet, so the number is still its own.
            let _ = kill(*pid, signal);
        }
    }
}
