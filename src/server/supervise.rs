//! Runs N workers and replaces those that die, for the preforking models.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use super::accept::Event;
use super::bound::Server;
use super::children::{Children, EndedChild};
use super::stuck_workers::StuckWorkers;

/// Exit code of a worker that could not start; a replacement would fail too.
const BOOT_FAILURE: i32 = 3;
/// Checks for stuck handlers per busy timeout.
const CHECKS_PER_TIMEOUT: u32 = 10;
/// The number of workers that may be replaced at once …
const RESPAWN_BURST: u32 = 20;
/// … and the interval for each further replacement.
const RESPAWN_EVERY: Duration = Duration::from_millis(100);

impl Server<'_> {
    /// Forks the workers and replaces each that dies or whose handler does not
    /// return, until the stop signal; then drains them.
    ///
    /// In a worker, [`Server::listener`] is its own socket, and `work` serves
    /// until the stop signal.
    ///
    /// # Errors
    /// When a worker fails before it can serve; the worker writes the reason to stderr.
    pub fn supervise(&self, work: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let count = self.workers().map_or(1, |(count, _)| count.get());
        let mut children = self.children();
        let mut bucket = TokenBucket::full();
        let mut stuck = StuckWorkers::default();
        let busy_timeout = self.limits().busy_timeout;
        let mut missing = count;
        // The initial workers are no replacements, so they take no token.
        let mut initial = count;
        loop {
            while missing > 0 && (initial > 0 || bucket.take(Instant::now())) {
                initial = initial.saturating_sub(1);
                match children.fork(|slot| self.run_worker(slot, &work)) {
                    Ok(()) => missing -= 1,
                    // Retry with the next token.
                    Err(_) => break,
                }
            }
            let next_check =
                busy_timeout.map(|timeout| Instant::now() + timeout / CHECKS_PER_TIMEOUT);
            let next_token = (missing > 0).then(|| bucket.next());
            let until = [next_check, next_token].into_iter().flatten().min();
            match self.wait_for_child(until)? {
                Some(Event::Stop) => return children.drain(),
                _ => missing += replaceable(&children.reap(), &mut children)?,
            }
            if let Some(timeout) = busy_timeout {
                children.kill_hung(&mut stuck, timeout);
            }
        }
    }

    fn run_worker(&self, index: usize, work: &impl Fn() -> io::Result<()>) -> i32 {
        self.keep_listener(index);
        match work() {
            Ok(()) => 0,
            Err(error) => {
                let _ = writeln!(io::stderr(), "rpcbench: worker {index}: {error}");
                if self.meter().was_serving(index) {
                    1
                } else {
                    BOOT_FAILURE
                }
            }
        }
    }
}

/// The number of ended workers to replace.
fn replaceable(ended: &[EndedChild], children: &mut Children<'_, '_>) -> io::Result<usize> {
    if let Some(failed) = ended
        .iter()
        .find(|worker| !worker.was_serving && worker.code.is_some_and(|code| code != 0))
    {
        children.kill();
        return Err(io::Error::other(format!(
            "worker {} failed before it could serve",
            failed.slot
        )));
    }
    Ok(ended.len())
}

/// A token bucket that is full at first and refills at a constant rate.
struct TokenBucket {
    /// The time at which the bucket is full again, or was.
    full_at: Instant,
}

impl TokenBucket {
    fn full() -> TokenBucket {
        TokenBucket {
            full_at: Instant::now(),
        }
    }

    /// The time of the next token.
    fn next(&self) -> Instant {
        self.full_at
            .checked_sub(RESPAWN_EVERY * (RESPAWN_BURST - 1))
            .unwrap_or(self.full_at)
    }

    fn take(&mut self, now: Instant) -> bool {
        let available = self.next() <= now;
        if available {
            self.full_at = self.full_at.max(now) + RESPAWN_EVERY;
        }
        available
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_allows_a_burst_and_then_ten_per_second() {
        let now = Instant::now() + Duration::from_secs(1000);
        let mut bucket = TokenBucket { full_at: now };
        let burst = (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(burst, 20);
        assert_eq!(bucket.next(), now + RESPAWN_EVERY);
        let in_one_second = (0..1000)
            .filter(|ms| bucket.take(now + Duration::from_millis(*ms)))
            .count();
        assert_eq!(in_one_second, 9);
        let much_later = now + Duration::from_secs(60);
        assert_eq!((0..100).filter(|_| bucket.take(much_later)).count(), 20);
    }
}
