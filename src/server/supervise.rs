//! Keeping N workers alive: what makes "prefork" of any model.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use super::accept::Event;
use super::bound::Server;
use super::children::{Children, EndedChild};
use super::stuck_workers::StuckWorkers;

/// A worker that ends with this code could not start: another one could not either.
const BOOT_FAILURE: i32 = 3;
/// How often in a handler's time it is looked whether it has returned.
const LOOKS: u32 = 10;
/// So many workers may be replaced at once …
const RESPAWN_BURST: u32 = 20;
/// … and then one each of these.
const RESPAWN_EVERY: Duration = Duration::from_millis(100);

impl Server<'_> {
    /// Forks the workers and replaces each that dies, or whose handler does not return, until told to stop; then drains them.
    ///
    /// In a worker, [`Server::listener`] is its own socket, and `work` serves
    /// until the stop.
    ///
    /// # Errors
    /// When a worker fails before it has reached its loop: its reason is on stderr.
    pub fn supervise(&self, work: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let count = self.workers().map_or(1, |(count, _)| count.get());
        let mut children = self.children();
        let mut bucket = Bucket::full();
        let mut hung = StuckWorkers::default();
        let patience = self.limits().busy_timeout;
        let mut missing = count;
        // The first ones replace nobody, so they take no token.
        let mut first = count;
        loop {
            while missing > 0 && (first > 0 || bucket.take(Instant::now())) {
                first = first.saturating_sub(1);
                match children.fork(|slot| self.run_worker(slot, &work)) {
                    Ok(()) => missing -= 1,
                    // The next token brings the next try.
                    Err(_) => break,
                }
            }
            let look_at = patience.map(|patience| Instant::now() + patience / LOOKS);
            let next_token = (missing > 0).then(|| bucket.next());
            let until = [look_at, next_token].into_iter().flatten().min();
            match self.wait_for_child(until)? {
                Some(Event::Stop) => return children.drain(),
                _ => missing += replaceable(&children.reap(), &mut children)?,
            }
            if let Some(patience) = patience {
                children.kill_hung(&mut hung, patience);
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

/// How many of those that ended are to be replaced.
fn replaceable(gone: &[EndedChild], children: &mut Children<'_, '_>) -> io::Result<usize> {
    if let Some(failed) = gone
        .iter()
        .find(|gone| !gone.was_serving && gone.code.is_some_and(|code| code != 0))
    {
        children.kill();
        return Err(io::Error::other(format!(
            "worker {} failed before it could serve",
            failed.slot
        )));
    }
    Ok(gone.len())
}

/// A token bucket in time: it is full at first, and every token taken is given back later.
struct Bucket {
    /// When the bucket will be, or was, full.
    full_at: Instant,
}

impl Bucket {
    fn full() -> Bucket {
        Bucket {
            full_at: Instant::now(),
        }
    }

    /// When there will be a token.
    fn next(&self) -> Instant {
        self.full_at
            .checked_sub(RESPAWN_EVERY * (RESPAWN_BURST - 1))
            .unwrap_or(self.full_at)
    }

    fn take(&mut self, now: Instant) -> bool {
        let there = self.next() <= now;
        if there {
            self.full_at = self.full_at.max(now) + RESPAWN_EVERY;
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_gives_a_burst_and_then_ten_a_second() {
        let now = Instant::now() + Duration::from_secs(1000);
        let mut bucket = Bucket { full_at: now };
        let burst = (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(burst, 20);
        assert_eq!(bucket.next(), now + RESPAWN_EVERY);
        let in_a_second = (0..1000)
            .filter(|ms| bucket.take(now + Duration::from_millis(*ms)))
            .count();
        assert_eq!(in_a_second, 9);
        let much_later = now + Duration::from_secs(60);
        assert_eq!((0..100).filter(|_| bucket.take(much_later)).count(), 20);
    }
}
