//! Counters shared by the processes of a server and the harness.
//!
//! Each worker, a process or a thread, has its own slot on its own cache lines, so that counting causes
//! no traffic between cores. Counters only grow (except the gauge `active` and
//! the flags), even when a new process reuses a slot, so that the difference of
//! two readings is correct even if processes died between them.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use crate::sys::SharedCounters;

/// Counters per slot: two cache lines, since CPUs prefetch cache lines in pairs.
const SLOT_COUNTERS: usize = 16;

/// The counters of a slot; the value is the index in the slot.
#[derive(Debug, Clone, Copy)]
enum Counter {
    Accepted,
    Requests,
    Active,
    Faults,
    Serving,
    /// 1 while a handler runs.
    Calling,
    Panics,
    Lost,
    Hung,
}

/// The counters of a server, and the slot of this process or thread.
///
/// [`Server`](crate::Server) counts connections and requests of the drivers by itself; a model
/// that does its own I/O counts its connections:
///
/// ```
/// use rpcbench::Meter;
///
/// fn serve_one(meter: &Meter) {
///     // Counted as accepted, and as active until this is dropped.
///     let _active = meter.connection();
/// }
/// ```
#[derive(Debug)]
pub struct Meter {
    counters: Arc<SharedCounters>,
    slot: AtomicUsize,
}

impl Meter {
    /// Creates a meter with `slots` slots; this process uses the first.
    ///
    /// # Errors
    /// When the shared memory cannot be created.
    pub fn new(slots: usize) -> io::Result<Meter> {
        let counters = SharedCounters::create(slots.max(1) * SLOT_COUNTERS)?;
        Ok(Meter {
            counters: Arc::new(counters),
            slot: AtomicUsize::new(0),
        })
    }

    /// The same counters, counted in `slot`: for a thread. If there are more threads than slots,
    /// some share one.
    pub(crate) fn in_slot(&self, slot: usize) -> Meter {
        Meter {
            counters: Arc::clone(&self.counters),
            slot: AtomicUsize::new(slot % self.slots()),
        }
    }

    /// Makes this process count in `slot`.
    pub fn use_slot(&self, slot: usize) {
        self.slot.store(slot, Relaxed);
    }

    /// The descriptor of the shared memory.
    pub fn fd(&self) -> i32 {
        self.counters.fd()
    }

    /// Counts an accepted connection, which is active until the guard is dropped.
    pub fn connection(&self) -> Active<'_> {
        self.count(Counter::Accepted, 1);
        self.count(Counter::Active, 1);
        Active {
            meter: self,
            slot: self.slot.load(Relaxed),
        }
    }

    /// Counts a served request.
    pub fn request(&self) {
        self.count(Counter::Requests, 1);
    }

    /// Counts a fault that ended a connection.
    pub fn fault(&self) {
        self.count(Counter::Faults, 1);
    }

    /// Counts a panic of a handler, which is a fault too.
    pub fn panic(&self) {
        self.count(Counter::Faults, 1);
        self.count(Counter::Panics, 1);
    }

    /// Counts a process in `slot` that ended abnormally, perhaps by a panic; a fault too.
    pub fn lost(&self, slot: usize, by_panic: bool) {
        let count = |counter| self.at(slot, counter).fetch_add(1, Relaxed);
        count(Counter::Faults);
        count(Counter::Lost);
        if by_panic {
            count(Counter::Panics);
        }
    }

    /// Counts a process in `slot` that is killed because its handler does not return.
    pub fn hung(&self, slot: usize) {
        self.at(slot, Counter::Hung).fetch_add(1, Relaxed);
    }

    /// Marks that a handler runs, until the returned guard is dropped (also by a panic).
    pub fn calling(&self) -> Calling<'_> {
        let calling = self.at(self.slot.load(Relaxed), Counter::Calling);
        calling.store(1, Relaxed);
        Calling(calling)
    }

    /// If the process in `slot` is in a handler: the number of requests that it served before.
    pub fn called_after(&self, slot: usize) -> Option<u64> {
        let busy = self.at(slot, Counter::Calling).load(Relaxed) == 1;
        busy.then(|| self.at(slot, Counter::Requests).load(Relaxed))
    }

    /// Marks that this process serves: it has reached its accept loop.
    pub fn serving(&self) {
        self.at(self.slot.load(Relaxed), Counter::Serving)
            .store(1, Relaxed);
    }

    /// Whether the process in `slot` has reached its accept loop.
    pub fn was_serving(&self, slot: usize) -> bool {
        self.at(slot, Counter::Serving).load(Relaxed) == 1
    }

    /// Resets the gauge and the flags of `slot` after its process has ended.
    pub fn vacate(&self, slot: usize) {
        self.at(slot, Counter::Active).store(0, Relaxed);
        self.at(slot, Counter::Serving).store(0, Relaxed);
        self.at(slot, Counter::Calling).store(0, Relaxed);
    }

    fn slots(&self) -> usize {
        self.counters.get().len() / SLOT_COUNTERS
    }

    fn count(&self, counter: Counter, by: u64) {
        self.at(self.slot.load(Relaxed), counter)
            .fetch_add(by, Relaxed);
    }

    fn at(&self, slot: usize, counter: Counter) -> &AtomicU64 {
        &self.counters.get()[slot * SLOT_COUNTERS + counter as usize]
    }
}

/// A running handler.
#[derive(Debug)]
pub struct Calling<'a>(&'a AtomicU64);

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.store(0, Relaxed);
    }
}

/// An accepted connection, counted as active while this lives. See the example of [`Meter`].
#[derive(Debug)]
pub struct Active<'a> {
    meter: &'a Meter,
    slot: usize,
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.meter
            .at(self.slot, Counter::Active)
            .fetch_sub(1, Relaxed);
    }
}

/// The counters of one slot at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Connections accepted.
    pub accepted: u64,
    /// Requests served, including error replies.
    pub requests: u64,
    /// Connections open now.
    pub active: u64,
    /// Faults: connections ended by a fault, panics of a handler, processes that ended abnormally.
    pub faults: u64,
    /// Panics of a handler.
    pub panics: u64,
    /// Processes that ended abnormally.
    pub lost: u64,
    /// Processes that were killed because their handler did not return.
    pub hung: u64,
}

/// The meter of another process, as opened by the harness.
#[derive(Debug)]
pub struct MeterView(SharedCounters);

impl MeterView {
    /// Opens the meter that process `pid` has open as descriptor `fd`.
    ///
    /// # Errors
    /// When the process has ended, or belongs to another user.
    pub fn open(pid: i32, fd: i32) -> io::Result<MeterView> {
        let path = format!("/proc/{pid}/fd/{fd}");
        let file = File::options().read(true).write(true).open(path)?;
        Ok(MeterView(SharedCounters::map(file)?))
    }

    /// Reads all slots, in order.
    pub fn read(&self) -> Vec<Reading> {
        let read = |slot: &[AtomicU64], counter: Counter| slot[counter as usize].load(Relaxed);
        let slots = self.0.get().chunks_exact(SLOT_COUNTERS);
        slots
            .map(|slot| Reading {
                accepted: read(slot, Counter::Accepted),
                requests: read(slot, Counter::Requests),
                active: read(slot, Counter::Active),
                faults: read(slot, Counter::Faults),
                panics: read(slot, Counter::Panics),
                lost: read(slot, Counter::Lost),
                hung: read(slot, Counter::Hung),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_reads_the_slots_of_the_meter() {
        let meter = Meter::new(3).unwrap();
        let open = meter.connection();
        meter.use_slot(2);
        meter.request();
        meter.fault();
        drop(open);
        let view = MeterView::open(std::process::id() as i32, meter.fd()).unwrap();
        let slots = view.read();
        assert_eq!(
            slots[0],
            Reading {
                accepted: 1,
                ..Reading::default()
            }
        );
        assert_eq!(
            slots[2],
            Reading {
                requests: 1,
                faults: 1,
                ..Reading::default()
            }
        );
        assert_eq!(meter.called_after(2), None);
        let calling = meter.calling();
        assert_eq!(meter.called_after(2), Some(1));
        drop(calling);
        assert_eq!(meter.called_after(2), None);
        meter.lost(1, true);
        meter.hung(1);
        let lost = Reading {
            faults: 1,
            panics: 1,
            lost: 1,
            hung: 1,
            ..Reading::default()
        };
        assert_eq!(view.read()[1], lost);
        meter.serving();
        assert!(meter.was_serving(2) && !meter.was_serving(0));
        meter.vacate(2);
        assert!(!meter.was_serving(2));
    }
}
