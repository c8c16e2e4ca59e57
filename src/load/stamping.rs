//! Which sends are stamped by the kernel, and what a read brought.

use super::realtime_clock::RealtimeClock;
use crate::record::LoadSpec;

/// Requests per second whose send is stamped, in an open loop. A send stamp takes three system
/// calls instead of one, which is nothing at this rate, and 2,000 show a p99 in half a second.
const STAMPED_RPS: f64 = 2_000.0;
/// In a closed loop, whose rate is not known: one send in this number is stamped.
const CLOSED_ONE_IN: u32 = 50;

/// How a thread uses the time stamps.
#[derive(Debug)]
pub(crate) struct Stamping {
    pub(crate) clock: RealtimeClock,
    /// Draws the requests with a send stamp. Every nth would always be the same client's.
    random: fastrand::Rng,
    one_in: u32,
}

/// What one read brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadBytes {
    pub(crate) bytes: usize,
    pub(crate) read_ns: u64,
    /// When its last byte arrived, by the real-time clock.
    pub(crate) real_ns: Option<u64>,
}

impl Stamping {
    /// The stamps of a load; `None` if it goes without them.
    pub(crate) fn new(load: &LoadSpec, seed: u64) -> Option<Stamping> {
        let one_in = load.rate_rps.map(|rate| (rate / STAMPED_RPS).ceil() as u32);
        load.takes_stamps().then(|| Stamping {
            clock: RealtimeClock::default(),
            random: fastrand::Rng::with_seed(seed),
            one_in: one_in.unwrap_or(CLOSED_ONE_IN).max(1),
        })
    }

    /// Whether the send of the next request is stamped.
    pub(crate) fn draw(&mut self) -> bool {
        self.random.u32(..self.one_in) == 0
    }
}
