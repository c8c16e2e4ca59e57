//! A tokio runtime whose tasks may borrow, as the threads of `std::thread::scope` may.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::pin::Pin;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Handle, Runtime};

type Task<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;

/// Starts tasks that borrow what lives for `'env`.
pub struct Spawner<'env> {
    runtime: Runtime,
    /// Invariant: with a shorter lifetime a task could borrow what ends before the runtime.
    env: PhantomData<&'env mut &'env ()>,
}

impl<'env> Spawner<'env> {
    /// Runs this future in the current thread, and the tasks in the runtime's workers.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Starts a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'env) {
        let task: Task<'env> = Box::pin(task);
        // SAFETY: only the lifetime changes. `run_scoped` owns this spawner and drops its runtime
        // before `'env` can end, also when it unwinds. Outside another runtime, which it checks,
        // that waits for the workers, and they drop all tasks. The body cannot keep or leak the
        // spawner, since it only borrows it.
        let task = unsafe { std::mem::transmute::<Task<'env>, Task<'static>>(task) };
        drop(self.runtime.spawn(task));
    }
}

/// Runs `body`, then ends all tasks where they wait, and returns when they have been dropped.
///
/// A task that computes is waited for.
///
/// # Panics
/// When called inside another runtime, where the end of this one could not be waited for.
pub fn run_scoped<'env, T>(runtime: Runtime, body: impl FnOnce(&Spawner<'env>) -> T) -> T {
    assert!(
        Handle::try_current().is_err(),
        "a runtime cannot be run inside another one"
    );
    let spawner = Spawner {
        runtime,
        env: PhantomData,
    };
    let result = body(&spawner);
    drop(spawner);
    result
}

/// Registers a descriptor in the current runtime, to wait until it is readable.
///
/// # Errors
/// When epoll_ctl(2) fails.
pub fn until_readable(fd: BorrowedFd<'_>) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: the descriptor is borrowed, so it stays open and the same while this is registered.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;

    use super::*;

    /// Counts how often it is dropped.
    struct Dropped<'a>(&'a AtomicUsize);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    #[should_panic(expected = "inside another one")]
    fn it_refuses_to_run_inside_another_runtime() {
        let runtime = || tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let outer = runtime();
        let _context = outer.enter();
        run_scoped(runtime(), |_| ());
    }

    #[test]
    fn all_tasks_are_dropped_before_it_returns() {
        let (begun, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_time().build().unwrap();
        let (begun_ref, dropped_ref) = (&begun, &dropped);
        run_scoped(runtime, |spawner| {
            for _ in 0..100 {
                let counted = Dropped(dropped_ref);
                spawner.spawn(async move {
                    begun_ref.fetch_add(1, Relaxed);
                    tokio::time::sleep(Duration::from_secs(1000)).await;
                    drop(counted);
                });
            }
            // Some tasks wait, some have not begun.
            while begun.load(Relaxed) == 0 {
                std::thread::yield_now();
            }
        });
        assert_eq!(dropped.load(Relaxed), 100);
    }
}
