//! A check to run: what is compared, under which loads, and when it ends.

use std::time::Duration;

use super::case::Case;
use super::pilot::pilot_case;
use super::warmup_pilot::{self, AutoWarmup, LONGEST, USUAL};
use crate::check::PartPairs;
use crate::record::{Cell, LoadKind, Mode, Part, PartLoad, Pilot, Rules, WarmupInfo};

/// Pairs that show a change of 15 % in CPU per request on a noisy machine (docs/ci.md): a warm-up
/// that pilots find leaves time for them.
const USUAL_PAIRS: usize = 14;

/// The check to run.
#[derive(Debug, Clone)]
pub struct PairPlan {
    /// The servers; each is compared with its baseline.
    pub parts: Vec<PartPlan>,
    /// The name of the baseline.
    pub baseline: String,
    /// The name of the candidate.
    pub candidate: String,
    /// What people call the two sides, baseline first.
    pub labels: [String; 2],
    /// The longest duration: a pair starts only if it is expected to end in time.
    pub budget: Option<Duration>,
    /// Whether it ends as soon as the pairs decide; else it measures the most pairs.
    pub ends_when_decided: bool,
    /// The rules of the verdict.
    pub rules: Rules,
    /// The seed of the random orders and of the loads.
    pub seed: u64,
    /// If given, pilots find the warm-up; the cases have the one to plan with.
    pub warmup: Option<AutoWarmup>,
    /// The results of an earlier piece of the same check.
    pub before: EarlierCheck,
}

/// The results of an earlier piece of a check.
#[derive(Debug, Clone, Default)]
pub struct EarlierCheck {
    /// Its parts.
    pub parts: Vec<Part>,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Its pilots.
    pub pilots: Vec<Pilot>,
    /// The warm-up that its pilots found.
    pub warmup: Option<WarmupInfo>,
    /// The time that it took.
    pub took: Duration,
}

/// One server, with the loads that each of its pairs measures.
#[derive(Debug, Clone)]
pub struct PartPlan {
    /// Its loads.
    pub loads: Vec<PairCase>,
}

/// Both sides under one load.
#[derive(Debug, Clone)]
pub struct PairCase {
    /// The baseline.
    pub baseline: Case,
    /// The candidate.
    pub candidate: Case,
}

impl PairCase {
    /// The kind of the load.
    pub fn kind(&self) -> LoadKind {
        let load = &self.baseline.load;
        if load.mode != Mode::Closed {
            LoadKind::Rate
        } else if load.think.is_zero() && load.reconnect_every.is_none() {
            LoadKind::Capacity
        } else {
            LoadKind::Closed
        }
    }

    /// The case of one side.
    pub(crate) fn side(&self, is_candidate: bool) -> &Case {
        if is_candidate {
            &self.candidate
        } else {
            &self.baseline
        }
    }

    /// Estimated duration of both trials.
    fn time(&self) -> Duration {
        self.baseline.time() + self.candidate.time()
    }
}

impl PartPlan {
    /// Estimated duration of one pair.
    pub fn time(&self) -> Duration {
        self.loads.iter().map(PairCase::time).sum()
    }

    /// All cases, baseline before candidate.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        let loads = self.loads.iter();
        loads.flat_map(|load| [&load.baseline, &load.candidate])
    }
}

impl PairPlan {
    /// Estimated duration of one pair of each part.
    pub fn pair_time(&self) -> Duration {
        self.parts.iter().map(PartPlan::time).sum()
    }

    /// The pilots that an earlier piece has not done: one per load at a share of a capacity.
    pub(crate) fn pilots(&self) -> usize {
        let new = self.parts.iter().skip(self.before.parts.len());
        let loads = new.flat_map(|part| &part.loads);
        loads
            .filter(|load| load.baseline.rate_spec.is_some())
            .count()
            + self.warmup_pilots().len()
    }

    /// The pilots of the warm-up that an earlier piece has not done.
    pub(crate) fn warmup_pilots(&self) -> Vec<Case> {
        match self.warmup {
            Some(_) => warmup_pilot::missing(self.all_cases(), self.before.warmup.as_ref()),
            None => Vec::new(),
        }
    }

    /// Estimated duration of the pilots.
    pub fn pilots_time(&self) -> Duration {
        self.rate_pilots_time() + self.warmup_pilots_time()
    }

    fn rate_pilots_time(&self) -> Duration {
        if !self.before.parts.is_empty() {
            return Duration::ZERO;
        }
        let loads = self.parts.iter().flat_map(|part| &part.loads);
        let piloted = loads.filter(|load| load.baseline.rate_spec.is_some());
        piloted.map(|load| pilot_case(&load.baseline).time()).sum()
    }

    /// Estimated duration of the warm-up's pilots.
    pub(super) fn warmup_pilots_time(&self) -> Duration {
        self.warmup_pilots().iter().map(Case::time).sum()
    }

    /// The longest warm-up that leaves time for the usual number of pairs, if this much of the
    /// budget is used. `None` without a budget.
    pub(super) fn most_warmup(&self, used: Duration) -> Option<Duration> {
        let pairs = self.pairs_left(USUAL_PAIRS.max(self.rules.least_pairs));
        let spare = self.spare(pairs)?.saturating_sub(used);
        let trials = pairs.saturating_mul(self.all_cases().count() as u32);
        let planned = self.all_cases().map(|case| case.load.warmup).max();
        Some(planned.unwrap_or_default() + spare / trials.max(1))
    }

    /// The longest pilot of a warm-up: together they use half of what the budget has over the least
    /// number of pairs.
    pub(super) fn longest_warmup_pilot(&self) -> Duration {
        let pilots = self.warmup_pilots().len().max(1) as u32;
        let spare = self.spare(self.pairs_left(self.rules.least_pairs));
        let share = spare.map(|spare| spare / (2 * pilots));
        share.map_or(LONGEST, |share| share.clamp(USUAL, LONGEST))
    }

    /// What the budget has over this number of pairs and the pilots of their rates.
    fn spare(&self, pairs: u32) -> Option<Duration> {
        let pairs = self.pair_time().saturating_mul(pairs);
        let needed = pairs.saturating_add(self.rate_pilots_time());
        self.budget.map(|budget| budget.saturating_sub(needed))
    }

    /// What an earlier piece lacks of this number of pairs, at least one.
    fn pairs_left(&self, pairs: usize) -> u32 {
        let done = self.before.parts.iter().map(|part| part.pairs.len()).min();
        let left = pairs.saturating_sub(done.unwrap_or(0));
        u32::try_from(left.max(1)).unwrap_or(u32::MAX)
    }

    /// The most pairs of a part that the budget and the rules allow to add.
    pub fn most_pairs(&self) -> usize {
        let affordable = self.budget.map(|budget| {
            let left = budget.saturating_sub(self.pilots_time());
            let pairs = left.as_secs_f64() / self.pair_time().as_secs_f64().max(1e-3);
            pairs.floor() as usize
        });
        let limits = [affordable, self.rules.most_pairs];
        limits.into_iter().flatten().min().unwrap_or(0)
    }

    /// The longest duration.
    pub fn time(&self) -> Duration {
        let time = self
            .pair_time()
            .saturating_mul(u32::try_from(self.most_pairs()).unwrap_or(u32::MAX));
        let time = time.saturating_add(self.pilots_time());
        self.budget.map_or(time, |budget| time.min(budget))
    }

    /// The parts without a pair; their cells are those of all cases in order.
    pub(crate) fn part_pairs(&self) -> Vec<PartPairs> {
        let mut cells = 0;
        let part = |part: &PartPlan| {
            let first = part.loads.first().map(|load| &load.baseline);
            let loads = part.loads.iter().map(|load| {
                cells += 2;
                let spec = &load.baseline.load;
                PartLoad {
                    load: load.kind(),
                    rate_rps: spec.rate_rps,
                    pilot_rps: spec.rate_share.as_ref().map(|share| share.capacity_rps),
                    cells: [cells - 2, cells - 1],
                }
            });
            PartPairs {
                name: first.map_or_else(String::new, |case| case.name().to_owned()),
                scenario: first.and_then(|case| case.scenario.clone()),
                clients: first.map_or(0, |case| case.load.clients),
                loads: loads.collect(),
                pairs: Vec::new(),
            }
        };
        self.parts.iter().map(part).collect()
    }

    /// The budget for as many pairs if each trial had this warm-up.
    pub(super) fn budget_with(&self, warmup: Duration) -> Duration {
        let longer = |case: &Case| warmup.saturating_sub(case.load.warmup);
        let pair = self.pair_time() + self.all_cases().map(longer).sum::<Duration>();
        let pairs = self.most_pairs().max(self.rules.least_pairs);
        self.pilots_time() + pair.saturating_mul(u32::try_from(pairs).unwrap_or(u32::MAX))
    }

    /// All cases.
    pub(crate) fn all_cases(&self) -> impl Iterator<Item = &Case> {
        self.parts.iter().flat_map(PartPlan::cases)
    }
}
