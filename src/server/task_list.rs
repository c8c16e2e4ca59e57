//! The tasks of the open connections: their number, and waking all for a stop.
//!
//! A task that waits for a read need not wait for the stop signal as well, which would cost a
//! lock per request. Its waker is kept here, from its start to its end.

use std::future::poll_fn;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// The tasks that have not ended.
#[derive(Debug, Default)]
pub(crate) struct TaskList {
    stopping: AtomicBool,
    tasks: Mutex<Tasks>,
}

#[derive(Debug, Default)]
struct Tasks {
    wakers: Slab<Waker>,
    /// Tasks that were started, of which some have not entered yet.
    count: usize,
    /// The task that waits for the end of another.
    waits: Option<Waker>,
}

/// A task in the list, until it is dropped.
#[derive(Debug)]
pub(crate) struct Entry<'t> {
    list: &'t TaskList,
    key: usize,
}

impl TaskList {
    /// Counts a task that is about to be started.
    pub(crate) fn add(&self) {
        self.lock().count += 1;
    }

    /// Enters the current task.
    pub(crate) async fn enter(&self) -> Entry<'_> {
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let key = self.lock().wakers.insert(waker);
        Entry { list: self, key }
    }

    /// Whether the tasks must not read any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Acquire)
    }

    /// Wakes all tasks to stop. One that enters later sees it by itself.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Release);
        let tasks = self.lock();
        tasks
            .wakers
            .iter()
            .for_each(|(_, waker)| waker.wake_by_ref());
    }

    /// Whether there are fewer tasks than `limit`. If not, the task of `cx` is woken when one ends.
    pub(crate) fn is_below(&self, limit: usize, cx: &Context<'_>) -> bool {
        let mut tasks = self.lock();
        let is_below = tasks.count < limit;
        if !is_below {
            tasks.waits = Some(cx.waker().clone());
        }
        is_below
    }

    /// The number of tasks.
    pub(crate) fn count(&self) -> usize {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut tasks = self.list.lock();
        tasks.wakers.remove(self.key);
        tasks.count -= 1;
        let waits = tasks.waits.take();
        drop(tasks);
        waits.into_iter().for_each(Waker::wake);
    }
}
