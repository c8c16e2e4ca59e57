//! The open loop.

use super::client_assignment::ClientAssignment;
use super::mix::Mix;
use super::planned::{Pacer, Planned};
use super::rate::Rate;
use super::schedule::Schedule;
use crate::load::window::Window;
use crate::record::Arrivals;

/// Kinds are drawn by a request's number in the plan, not by its client.
const WHOLE_PLAN: u64 = 0;

/// The open loop: requests are due at the times of the plan, whether a client is free or not.
///
/// Each thread draws the whole plan from the seed and keeps the requests of its own clients. So
/// the plan is the same for any number of threads, and needs no memory.
#[derive(Debug)]
pub struct OpenLoop {
    arrivals: Arrivals,
    rate: Rate,
    mix: Mix,
    end_ns: u64,
    random: fastrand::Rng,
    assignment: ClientAssignment,
    own: std::ops::Range<usize>,
    /// Number of requests drawn from the plan so far.
    drawn: u64,
    /// Expected number of requests by the time of the last drawn one.
    mean_count: f64,
    /// The next request of this thread; `None` at the end of the plan.
    next: Option<Planned>,
}

impl OpenLoop {
    /// The plan up to the window's end. `clients` is the number of clients of all threads, `own`
    /// the range of this thread.
    pub fn new(
        schedule: Schedule,
        mix: Mix,
        clients: usize,
        window: Window,
        own: std::ops::Range<usize>,
    ) -> OpenLoop {
        let random = fastrand::Rng::with_seed(schedule.seed);
        let mut pacer = OpenLoop {
            arrivals: schedule.arrivals,
            rate: Rate::new(&schedule, window.from_ns),
            mix,
            end_ns: window.to_ns,
            random,
            assignment: ClientAssignment::new(&schedule, clients),
            own,
            drawn: 0,
            mean_count: 0.0,
            next: None,
        };
        pacer.draw();
        pacer
    }

    /// Draws the next request of this thread.
    fn draw(&mut self) {
        loop {
            self.drawn += 1;
            self.mean_count = match self.arrivals {
                Arrivals::Constant => self.drawn as f64,
                // The inverse of the exponential distribution; 1 − u is never 0.
                Arrivals::Poisson => self.mean_count - (1.0 - self.random.f64()).ln(),
            };
            let at_ns = self.rate.at_ns(self.mean_count);
            let client = self.assignment.next(self.drawn, &mut self.random);
            if at_ns >= self.end_ns {
                // The loop also ends here if a skewed plan has no request for these clients.
                self.next = None;
                return;
            }
            if self.own.contains(&client) {
                self.next = Some(Planned {
                    client: client - self.own.start,
                    at_ns,
                    kind: self.mix.kind(WHOLE_PLAN, self.drawn),
                });
                return;
            }
        }
    }
}

impl Pacer for OpenLoop {
    fn free(&mut self, _client: usize, _now_ns: u64) {}

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let planned = self.next.filter(|planned| planned.at_ns <= now_ns)?;
        self.draw();
        Some(planned)
    }

    fn next_ns(&self) -> Option<u64> {
        self.next.map(|planned| planned.at_ns)
    }
}
