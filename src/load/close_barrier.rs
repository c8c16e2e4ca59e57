//! A barrier at the end of a load: no thread closes its connections before all have finished.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Blocks each thread until all threads have arrived. A thread that fails counts as arrived.
#[derive(Debug)]
pub struct CloseBarrier {
    missing: AtomicUsize,
    lock: Mutex<()>,
    all_arrived: Condvar,
}

/// One participant of the barrier. It arrives when it is dropped, at the latest.
#[derive(Debug)]
pub struct BarrierGuard(Arc<CloseBarrier>);

impl CloseBarrier {
    /// A barrier for this number of participants.
    pub fn new(count: usize) -> Arc<CloseBarrier> {
        Arc::new(CloseBarrier {
            missing: AtomicUsize::new(count),
            lock: Mutex::new(()),
            all_arrived: Condvar::new(),
        })
    }

    /// How many participants have not arrived.
    pub fn missing(&self) -> usize {
        self.missing.load(Relaxed)
    }

    /// A participant.
    pub fn arrival(self: &Arc<CloseBarrier>) -> BarrierGuard {
        BarrierGuard(Arc::clone(self))
    }
}

impl BarrierGuard {
    /// How many other participants have not arrived.
    pub fn others_missing(&self) -> usize {
        self.0.missing() - 1
    }

    /// Arrives, and waits until all participants have arrived.
    pub fn wait(self) {
        let barrier = Arc::clone(&self.0);
        drop(self);
        let mut guard = barrier.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while barrier.missing.load(Relaxed) > 0 {
            guard = barrier
                .all_arrived
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for BarrierGuard {
    fn drop(&mut self) {
        let _guard = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.missing.fetch_sub(1, Relaxed);
        self.0.all_arrived.notify_all();
    }
}
