//! Assigns the requests of a plan to clients.

use super::schedule::Schedule;
use crate::record::{Arrivals, Skew};

/// Assigns requests to clients: evenly, or most of them to a few clients.
#[derive(Debug)]
pub(crate) struct ClientAssignment {
    arrivals: Arrivals,
    clients: usize,
    skewed: Option<SkewedAssignment>,
}

/// The busy and the other clients, and the number of requests assigned to the busy ones.
#[derive(Debug)]
struct SkewedAssignment {
    requests: f64,
    busy: Vec<u32>,
    others: Vec<u32>,
    busy_count: u64,
}

impl ClientAssignment {
    pub(crate) fn new(schedule: &Schedule, clients: usize) -> ClientAssignment {
        ClientAssignment {
            arrivals: schedule.arrivals,
            clients,
            skewed: schedule
                .skew
                .map(|skew| SkewedAssignment::new(skew, schedule.seed, clients)),
        }
    }

    /// The client of request `number` of the plan, counted from 1.
    pub(crate) fn next(&mut self, number: u64, random: &mut fastrand::Rng) -> usize {
        match (&mut self.skewed, self.arrivals) {
            (None, Arrivals::Constant) => (number % self.clients as u64) as usize,
            (None, Arrivals::Poisson) => random.usize(..self.clients),
            (Some(skewed), Arrivals::Constant) => skewed.in_turn(number),
            (Some(skewed), Arrivals::Poisson) => skewed.at_random(random),
        }
    }
}

impl SkewedAssignment {
    /// The busy clients are the first of a random permutation. So they are not neighbours,
    /// which belong to one thread, and not the first to connect.
    fn new(skew: Skew, seed: u64, clients: usize) -> SkewedAssignment {
        let mut busy: Vec<u32> = (0..u32::try_from(clients).unwrap_or(u32::MAX)).collect();
        // Not the seed itself: the gaps are drawn from it.
        fastrand::Rng::with_seed(!seed).shuffle(&mut busy);
        let others = busy.split_off(skew.busy(clients).min(busy.len()));
        SkewedAssignment {
            requests: skew.requests_share,
            busy,
            others,
            busy_count: 0,
        }
    }

    /// Keeps the number for the busy clients nearest to their share so far. Clients of a group take turns.
    fn in_turn(&mut self, number: u64) -> usize {
        let due = self.requests * number as f64;
        let (group, nth) = if self.others.is_empty() || self.busy_count as f64 + 0.5 <= due {
            self.busy_count += 1;
            (&self.busy, self.busy_count)
        } else {
            (&self.others, number - self.busy_count)
        };
        group[(nth % group.len() as u64) as usize] as usize
    }

    fn at_random(&self, random: &mut fastrand::Rng) -> usize {
        let is_busy = self.others.is_empty() || random.f64() < self.requests;
        let group = if is_busy { &self.busy } else { &self.others };
        group[random.usize(..group.len())] as usize
    }
}
