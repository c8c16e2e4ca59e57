//! The end of a load, which its threads reach together.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Lets nobody close before everybody has arrived; one that fails has arrived too.
#[derive(Debug)]
pub(crate) struct CloseBarrier {
    missing: AtomicUsize,
    lock: Mutex<()>,
    all_there: Condvar,
}

/// One who is to arrive, and does so at the latest when dropped.
#[derive(Debug)]
pub(crate) struct BarrierGuard(Arc<CloseBarrier>);

impl CloseBarrier {
    pub(crate) fn new(count: usize) -> Arc<CloseBarrier> {
        Arc::new(CloseBarrier {
            missing: AtomicUsize::new(count),
            lock: Mutex::new(()),
            all_there: Condvar::new(),
        })
    }

    pub(crate) fn arrival(self: &Arc<CloseBarrier>) -> BarrierGuard {
        BarrierGuard(Arc::clone(self))
    }
}

impl BarrierGuard {
    /// Arrives, and waits for all others.
    pub(crate) fn wait(self) {
        let closing = Arc::clone(&self.0);
        drop(self);
        let mut guard = closing.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while closing.missing.load(Relaxed) > 0 {
            guard = closing
                .all_there
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for BarrierGuard {
    fn drop(&mut self) {
        let _guard = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.missing.fetch_sub(1, Relaxed);
        self.0.all_there.notify_all();
    }
}
