//! Ends this process when it is late, whatever it waits for: a rank that is cut off from the
//! others cannot be ended by them.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::load::nanos::nanos;
use crate::measure::share::host;
use crate::sys::exit::exit_at_once;

/// How often the time is looked at.
const INTERVAL: Duration = Duration::from_millis(100);
/// The exit code of a rank that was late.
const LATE: i32 = 1;

/// Ends this process when the time it was given has passed.
#[derive(Debug)]
pub(super) struct Watchdog {
    started: Instant,
    until_ns: Arc<AtomicU64>,
}

impl Watchdog {
    /// Starts with this time.
    pub(super) fn start(rank: usize, within: Duration) -> Result<Watchdog, Error> {
        let watchdog = Watchdog {
            started: Instant::now(),
            until_ns: Arc::default(),
        };
        watchdog.within(within);
        let (started, until_ns) = (watchdog.started, Arc::clone(&watchdog.until_ns));
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                while nanos(started.elapsed()) < until_ns.load(Relaxed) {
                    thread::sleep(INTERVAL);
                }
                // The process ends in any case.
                let _ = writeln!(
                    std::io::stderr(),
                    "rpcbench: rank {rank} on {}: the other ranks do not answer, so it ends itself",
                    host()
                );
                exit_at_once(LATE);
            })
            .map_err(Error::Load)?;
        Ok(watchdog)
    }

    /// Gives the process this time from now on.
    pub(super) fn within(&self, time: Duration) {
        let until = self.started.elapsed().saturating_add(time);
        self.until_ns.store(nanos(until), Relaxed);
    }
}
