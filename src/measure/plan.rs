//! The matrix of cases and the order of its trials.

use std::time::Duration;

use super::case::Case;
use super::warmup_pilot::{self, AutoWarmup};
use crate::record::{Cell, Pilot, RoundsRule, WarmupInfo};

/// The measurements to make.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cells of the matrix.
    pub cases: Vec<Case>,
    /// Rounds; each case has one trial per round.
    pub rounds: usize,
    /// If given, rounds are added while an order is undecided and the run fits into this time.
    pub budget: Option<Duration>,
    /// If given, pilots find the warm-up; the cases have the one to plan with.
    pub warmup: Option<AutoWarmup>,
    /// The seed of the random order within rounds.
    pub seed: u64,
    /// The results of an interrupted run of the same plan.
    pub before: EarlierRun,
}

/// The results of an interrupted run.
#[derive(Debug, Clone, Default)]
pub struct EarlierRun {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Its pilots.
    pub pilots: Vec<Pilot>,
    /// The warm-up that its pilots found.
    pub warmup: Option<WarmupInfo>,
}

impl Plan {
    /// Number of trials.
    pub fn trials(&self) -> usize {
        self.cases.len() * self.rounds
    }

    /// Number of trials that an earlier run has not done.
    pub fn remaining_trials(&self) -> usize {
        let done = self.before.cells.iter().map(|cell| cell.trials.len());
        self.trials().saturating_sub(done.sum())
    }

    /// Continues an interrupted run. If its pilots have found the warm-up, the cases have it.
    pub fn take_earlier(&mut self, before: EarlierRun) {
        self.before = before;
        if let Some(found) = self.before.warmup.clone()
            && self.warmup_pilots().is_empty()
        {
            warmup_pilot::apply(&found, self.cases.iter_mut());
        }
    }

    /// The pilots of the warm-up that an earlier run has not done.
    pub fn warmup_pilots(&self) -> Vec<Case> {
        match self.warmup {
            Some(_) => warmup_pilot::missing(self.cases.iter(), self.before.warmup.as_ref()),
            None => Vec::new(),
        }
    }

    /// The order of trials, as pairs of round and index of the case. The order is
    /// random in each round, so that a slow minute of the machine does not always
    /// affect the same case. The trials of one load, which are compared with each
    /// other, run one after the other.
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

    /// What decides how many rounds are measured.
    pub(crate) fn rounds_rule(&self) -> RoundsRule {
        match self.budget {
            Some(_) => RoundsRule::UntilDecided,
            None => RoundsRule::Fixed,
        }
    }

    /// Indices of the cases, grouped by load.
    pub(crate) fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (at, case) in self.cases.iter().enumerate() {
            let has_same_load =
                |block: &&mut Vec<usize>| self.cases[block[0]].is_compared_with(case);
            match blocks.iter_mut().find(has_same_load) {
                Some(block) => block.push(at),
                None => blocks.push(vec![at]),
            }
        }
        blocks
    }
}
