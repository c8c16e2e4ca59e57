//! Whom the requests of a plan are dealt to.

use super::schedule::{Arrivals, Schedule, Skew};

/// Deals requests: evenly, or most of them to a few clients.
#[derive(Debug)]
pub(crate) struct ClientAssignment {
    arrivals: Arrivals,
    clients: usize,
    uneven: Option<SkewedAssignment>,
}

/// The clients in an order of which the first are the busy ones, and what each group got.
#[derive(Debug)]
struct SkewedAssignment {
    requests: f64,
    busy: Vec<u32>,
    others: Vec<u32>,
    dealt_busy: u64,
}

impl ClientAssignment {
    pub(crate) fn new(schedule: &Schedule, clients: usize) -> ClientAssignment {
        ClientAssignment {
            arrivals: schedule.arrivals,
            clients,
            uneven: schedule
                .skew
                .map(|skew| SkewedAssignment::new(skew, schedule.seed, clients)),
        }
    }

    /// The client of request `number` of the plan, counted from 1.
    pub(crate) fn next(&mut self, number: u64, random: &mut fastrand::Rng) -> usize {
        match (&mut self.uneven, self.arrivals) {
            (None, Arrivals::Constant) => (number % self.clients as u64) as usize,
            (None, Arrivals::Poisson) => random.usize(..self.clients),
            (Some(uneven), Arrivals::Constant) => uneven.in_turn(number),
            (Some(uneven), Arrivals::Poisson) => uneven.at_random(random),
        }
    }
}

impl SkewedAssignment {
    /// The busy ones are the first of a shuffle drawn from the seed: neither neighbours, which
    /// one thread would have, nor those that connect first.
    fn new(skew: Skew, seed: u64, clients: usize) -> SkewedAssignment {
        let mut busy: Vec<u32> = (0..u32::try_from(clients).unwrap_or(u32::MAX)).collect();
        // Gaps are drawn from the seed itself.
        fastrand::Rng::with_seed(!seed).shuffle(&mut busy);
        let others = busy.split_off(skew.busy(clients).min(busy.len()));
        SkewedAssignment {
            requests: skew.requests,
            busy,
            others,
            dealt_busy: 0,
        }
    }

    /// As many to the busy ones as is nearest to their share of all so far; each group in turn.
    fn in_turn(&mut self, number: u64) -> usize {
        let due = self.requests * number as f64;
        let (group, nth) = if self.others.is_empty() || self.dealt_busy as f64 + 0.5 <= due {
            self.dealt_busy += 1;
            (&self.busy, self.dealt_busy)
        } else {
            (&self.others, number - self.dealt_busy)
        };
        group[(nth % group.len() as u64) as usize] as usize
    }

    fn at_random(&self, random: &mut fastrand::Rng) -> usize {
        let is_busy = self.others.is_empty() || random.f64() < self.requests;
        let group = if is_busy { &self.busy } else { &self.others };
        group[random.usize(..group.len())] as usize
    }
}
