//! The matrix, and the order in which its trials run.

use std::time::Duration;

use super::Seat;
use crate::record::{Cell, Pilot};

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The matrix.
    pub seats: Vec<Seat>,
    /// Rounds; each seat has one trial in each.
    pub rounds: usize,
    /// What the order within rounds is drawn from.
    pub seed: u64,
    /// What an earlier run of the same plan has measured already.
    pub before: Before,
}

/// What an interrupted run has measured.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Its pilots.
    pub pilots: Vec<Pilot>,
}

impl Plan {
    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.seats.len() * self.rounds
    }

    /// About how long it takes from trial `from` on.
    pub fn time_left(&self, from: usize) -> Duration {
        let one_round: Duration = self.seats.iter().map(Seat::time).sum();
        let left = self.trials().saturating_sub(from) as f64 / self.seats.len().max(1) as f64;
        one_round.mul_f64(left)
    }

    /// The seats in the order in which they have their trials, with their rounds: a
    /// fresh shuffle each round, so that a slow minute of the machine does not
    /// always meet the same one. Those of one load, which are set against each
    /// other, have theirs next to each other.
    pub fn order(&self) -> Vec<(usize, usize)> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut order = Vec::with_capacity(self.trials());
        let mut blocks = self.blocks();
        for round in 0..self.rounds {
            random.shuffle(&mut blocks);
            for block in &mut blocks {
                random.shuffle(block);
                order.extend(block.iter().map(|seat| (round, *seat)));
            }
        }
        order
    }

    /// The seats, those of one load together.
    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (at, seat) in self.seats.iter().enumerate() {
            let fellow = |block: &&mut Vec<usize>| self.seats[block[0]].is_compared_with(seat);
            match blocks.iter_mut().find(fellow) {
                Some(block) => block.push(at),
                None => blocks.push(vec![at]),
            }
        }
        blocks
    }
}
