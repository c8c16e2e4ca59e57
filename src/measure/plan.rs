//! The matrix, and the order in which its trials run.

use std::time::Duration;

use super::case::Case;
use crate::record::{Cell, Pilot};

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The matrix.
    pub cases: Vec<Case>,
    /// Rounds; each case has one trial in each.
    pub rounds: usize,
    /// What the order within rounds is drawn from.
    pub seed: u64,
    /// What an earlier run of the same plan has measured already.
    pub before: EarlierRun,
}

/// What an interrupted run has measured.
#[derive(Debug, Clone, Default)]
pub struct EarlierRun {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Its pilots.
    pub pilots: Vec<Pilot>,
}

impl Plan {
    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.cases.len() * self.rounds
    }

    /// About how long it takes from trial `from` on.
    pub fn time_left(&self, from: usize) -> Duration {
        let one_round: Duration = self.cases.iter().map(Case::time).sum();
        let left = self.trials().saturating_sub(from) as f64 / self.cases.len().max(1) as f64;
        one_round.mul_f64(left)
    }

    /// The cases in the order in which they have their trials, with their rounds: a
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
                order.extend(block.iter().map(|case| (round, *case)));
            }
        }
        order
    }

    /// The cases, those of one load together.
    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (at, case) in self.cases.iter().enumerate() {
            let fellow = |block: &&mut Vec<usize>| self.cases[block[0]].is_compared_with(case);
            match blocks.iter_mut().find(fellow) {
                Some(block) => block.push(at),
                None => blocks.push(vec![at]),
            }
        }
        blocks
    }
}
