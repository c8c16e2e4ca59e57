//! Child processes: forking, counting, stopping and reaping.

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

/// Time after the drain before a child is killed.
const GRACE: Duration = Duration::from_millis(250);

/// The children of one process. Each has a slot of the meter. The model
/// [`forking`](crate::models::forking) is the example.
#[derive(Debug)]
pub struct Children<'s, 'a> {
    server: &'s Server<'a>,
    slots: HashMap<Pid, usize>,
    /// Unused slots, the lowest last.
    free: Vec<usize>,
}

/// A child that has ended, see [`Children::reap`].
#[derive(Debug, Clone, Copy)]
pub struct EndedChild {
    /// Its slot.
    pub slot: usize,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Whether it had reached its loop.
    pub was_serving: bool,
}

impl<'a> Server<'a> {
    /// An empty set of children.
    pub fn children(&self) -> Children<'_, 'a> {
        Children {
            server: self,
            slots: HashMap::new(),
            free: (0..MAX_CHILDREN).rev().collect(),
        }
    }
}

impl Children<'_, '_> {
    /// The number of running children.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// Forks a child that runs `body` with its slot and exits with the returned code.
    ///
    /// The kernel sends the child SIGTERM when this process dies.
    ///
    /// # Errors
    /// When fork(2) fails, or all slots are in use.
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
            // The parent may have died before prctl(2) took effect.
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

    /// Reaps every child that has ended: one SIGCHLD can stand for several.
    ///
    /// A child that did not exit with 0 is counted as a fault.
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
            // A child that a handler started has no slot; it is only reaped.
            if let Some(slot) = self.slots.remove(&pid) {
                break (slot, code);
            }
        };
        let meter = self.server.meter();
        let ended = EndedChild {
            slot,
            code,
            was_serving: meter.was_serving(slot),
        };
        if code != Some(0) {
            meter.lost(slot, code == Some(PANICKED));
        }
        meter.vacate(slot);
        self.free.push(slot);
        Some(ended)
    }

    /// Stops all children: sends SIGTERM, waits for the drain, kills the remaining ones, reaps all.
    ///
    /// # Errors
    /// When poll(2) fails; the children get SIGTERM when this process ends.
    pub fn drain(mut self) -> io::Result<()> {
        self.server.close_listeners();
        self.signal(Signal::SIGTERM);
        let kill_at = self.server.stop().deadline().unwrap_or_else(Instant::now) + GRACE;
        self.reap();
        while self.count() > 0 {
            if Instant::now() >= kill_at {
                self.signal(Signal::SIGKILL);
            }
            self.server.wait_for_end_of_child(GRACE)?;
            self.reap();
        }
        Ok(())
    }

    /// Kills the children whose handler has not returned for `after`; `reap` reaps them later.
    pub(crate) fn kill_hung(&mut self, stuck: &mut StuckWorkers, after: Duration) {
        let meter = self.server.meter();
        let now = Instant::now();
        for (pid, slot) in &self.slots {
            if stuck.look(*slot, meter.called_after(*slot), after, now) {
                meter.hung(*slot);
                // The child is not reaped yet, so its pid is not reused.
                let _ = kill(*pid, Signal::SIGKILL);
            }
        }
    }

    /// Kills and reaps all children.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        while self.count() > 0 && self.server.wait_for_end_of_child(GRACE).is_ok() {
            self.reap();
        }
    }

    fn signal(&self, signal: Signal) {
        for pid in self.slots.keys() {
            // The child is not reaped yet, so its pid is not reused.
            let _ = kill(*pid, signal);
        }
    }
}
