//! Runs a check: pairs of trials, each load of a pair in an order of its own coin, until the pairs
//! decide.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::{Bound, Forecast, Goal};
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::pair_errors::{failure_of, of_baseline};
use super::pair_pilots::{Settled, settle};
use super::pair_plan::PairPlan;
use super::session::Measurement;
use super::targets::reach_targets;
use super::trial;
use super::trial_times::TrialTimes;
use crate::check::{PartPairs, Side, compared, decide, evaluate, gated, load_pair};
use crate::error::Error;
use crate::record::{
    Cell, CheckInfo, EndedBy, LoadPair, Look, Method, Outcome as CheckOutcome, PairInfo, Trial,
};

/// Runs the check. After an interruption or an error the outcome holds all complete pairs.
pub fn compare(plan: &PairPlan, observer: &mut dyn Observer) -> Outcome {
    let begun = Instant::now();
    let settled = reach_targets(&plan.all_cases().cloned().collect::<Vec<_>>())
        .and_then(|()| settle(plan, observer));
    let settled = match settled {
        Ok(Some(settled)) => settled,
        Ok(None) => {
            return Outcome {
                interrupted: true,
                ..Outcome::default()
            };
        }
        Err(error) => {
            return Outcome {
                error: Some(of_baseline(plan, error)),
                ..Outcome::default()
            };
        }
    };
    let mut run = Run::new(&settled, begun);
    let mut error = run.add_earlier().err();
    if error.is_some() {
        return Outcome {
            error,
            ..Outcome::default()
        };
    }
    let ended_by = match run.measure(observer) {
        Ok(ended_by) => Some(ended_by),
        Err(failed) => {
            error = Some(of_baseline(plan, failed));
            None
        }
    };
    let mut outcome = run.outcome(ended_by);
    outcome.interrupted = ended_by == Some(EndedBy::Interrupted);
    outcome.error = error;
    outcome
}

impl Measurement for PairPlan {
    fn cases(&self) -> Vec<&Case> {
        self.all_cases().collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn forecast(&self) -> Forecast {
        Forecast {
            goal: Goal::Pairs,
            trials: self.all_cases().count() * self.most_pairs(),
            pilots: self.pilots(),
            time: self.time(),
            // The budget ends it.
            longest: self.time(),
            bound: Bound::AtMost,
        }
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        compare(self, observer)
    }
}

/// A check in progress.
struct Run<'a> {
    settled: &'a Settled,
    plan: &'a PairPlan,
    random: fastrand::Rng,
    begun: Instant,
    order: usize,
    parts: Vec<PartPairs>,
    /// For each part and load the baseline's cell, then the candidate's.
    cells: Vec<Cell>,
    /// The times of a trial, in the same order.
    times: TrialTimes,
    /// Whether the server of a cell has been ready once.
    has_started: Vec<bool>,
}

/// A trial of a pair, before its pair is complete.
struct Measured {
    cell: usize,
    side: Side,
}

impl<'a> Run<'a> {
    fn new(settled: &'a Settled, begun: Instant) -> Run<'a> {
        let plan = &settled.plan;
        let parts = plan.part_pairs();
        let earlier = plan.before.parts.iter().map(|part| part.pairs.len());
        let mut has_started = vec![false; plan.all_cases().count()];
        // Its pilot has measured it.
        let piloted = parts.iter().flat_map(|part| &part.loads);
        for load in piloted.filter(|load| load.pilot_rps.is_some()) {
            has_started[load.cells[0]] = true;
        }
        Run {
            settled,
            plan,
            // Another piece of the check tosses other coins.
            random: fastrand::Rng::with_seed(plan.seed.wrapping_add(earlier.sum::<usize>() as u64)),
            begun,
            order: 0,
            parts,
            cells: plan.all_cases().map(Case::cell).collect(),
            times: TrialTimes::new(plan.all_cases().map(Case::time)),
            has_started,
        }
    }

    /// Adds the pairs of an earlier piece of the check.
    ///
    /// # Errors
    /// When it has other loads.
    fn add_earlier(&mut self) -> Result<(), Error> {
        let before = &self.plan.before;
        if before.parts.is_empty() {
            return Ok(());
        }
        let loads = |parts: &[PartPairs]| -> Vec<_> {
            let loads = parts.iter().flat_map(|part| part.loads.clone());
            loads.collect()
        };
        let earlier: Vec<PartPairs> = before.parts.iter().map(PartPairs::from).collect();
        let is_same = loads(&earlier) == loads(&self.parts)
            && before.cells.len() == self.cells.len()
            && before
                .cells
                .iter()
                .zip(&self.cells)
                .all(|(a, b)| a.load == b.load);
        if !is_same {
            return Err(Error::Resume {
                why: "it has other servers or loads than its command would measure now".to_owned(),
            });
        }
        self.parts = earlier;
        self.cells.clone_from(&before.cells);
        self.has_started = self
            .cells
            .iter()
            .map(|cell| !cell.trials.is_empty())
            .collect();
        let trials = self.cells.iter().flat_map(|cell| &cell.trials);
        self.order = trials.map(|trial| trial.order + 1).max().unwrap_or(0);
        Ok(())
    }

    /// Measures until the pairs decide, the budget is used or there are the most pairs.
    fn measure(&mut self, observer: &mut dyn Observer) -> Result<EndedBy, Error> {
        loop {
            let (outcome, open) = decide(&self.parts, &self.plan.rules);
            let is_decided = outcome == CheckOutcome::Regressed || !open.contains(&true);
            if self.plan.ends_when_decided && is_decided {
                return Ok(EndedBy::Decided);
            }
            let mut left = self.parts_left(&open);
            if left.is_empty() {
                return Ok(EndedBy::Pairs);
            }
            self.random.shuffle(&mut left);
            let mut has_run = false;
            for part in left {
                if self.is_over(part) {
                    continue;
                }
                has_run = true;
                if !self.pair(part, observer)? {
                    return Ok(EndedBy::Interrupted);
                }
                observer.trial_ended(&|| self.outcome(None));
            }
            if !has_run {
                return Ok(EndedBy::Budget);
            }
        }
    }

    /// The parts that get another pair; `open` are those that are undecided.
    fn parts_left(&self, open: &[bool]) -> Vec<usize> {
        let most = self.plan.rules.most_pairs.unwrap_or(usize::MAX);
        let is_left = |at: &usize| {
            let is_wanted = open[*at] || !self.plan.ends_when_decided;
            is_wanted && self.parts[*at].pairs.len() < most
        };
        (0..self.parts.len()).filter(is_left).collect()
    }

    /// Whether a further pair of a part would end after the budget.
    fn is_over(&self, part: usize) -> bool {
        let cells = self.parts[part].loads.iter().flat_map(|load| load.cells);
        let pair: Duration = cells.map(|cell| self.times.of(cell)).sum();
        let budget = self.plan.budget;
        budget.is_some_and(|budget| self.begun.elapsed() + pair > budget)
    }

    /// Runs one pair of a part: each of its loads, in random order. Returns false when the observer
    /// ends the run; the pair is then not complete, and compares nothing.
    fn pair(&mut self, part: usize, observer: &mut dyn Observer) -> Result<bool, Error> {
        let number = self.parts[part].pairs.len();
        let count = self.parts[part].loads.len();
        let mut order: Vec<usize> = (0..count).collect();
        self.random.shuffle(&mut order);
        let mut loads: Vec<(usize, LoadPair)> = Vec::with_capacity(count);
        let mut trials = Vec::with_capacity(2 * count);
        for (done, load) in order.into_iter().enumerate() {
            let candidate_first = self.random.bool();
            let mut sides: Vec<(bool, Side)> = Vec::with_capacity(2);
            for is_candidate in [candidate_first, !candidate_first] {
                let trials_left = 2 * (count - done) - sides.len();
                let progress = self.progress(part, load, is_candidate, trials_left);
                let at = (part, load, is_candidate);
                let Some(measured) = self.side(at, number, progress, observer)? else {
                    return Ok(false);
                };
                if let Ok(trial) = &measured.side {
                    trials.push((measured.cell, trial.clone()));
                }
                sides.push((is_candidate, measured.side));
            }
            sides.sort_by_key(|(is_candidate, _)| *is_candidate);
            let kinds = self.parts[part].kinds();
            let metrics = compared(&kinds, &self.plan.rules);
            let both = [&sides[0].1, &sides[1].1];
            let pair = load_pair(&metrics, kinds[load], candidate_first, both);
            loads.push((load, pair));
        }
        loads.sort_by_key(|(load, _)| *load);
        for (cell, trial) in trials {
            self.cells[cell].trials.push(trial);
        }
        self.parts[part].pairs.push(PairInfo {
            pair: number,
            loads: loads.into_iter().map(|(_, pair)| pair).collect(),
        });
        Ok(true)
    }

    /// Runs one trial of a pair. `None`: the observer ends the run.
    ///
    /// # Errors
    /// Where the reason is not the server's, or a server that has never been ready cannot be
    /// started at all.
    fn side(
        &mut self,
        (part, load, is_candidate): (usize, usize, bool),
        number: usize,
        progress: RunProgress,
        observer: &mut dyn Observer,
    ) -> Result<Option<Measured>, Error> {
        let plan = self.plan;
        let case = plan.parts[part].loads[load].side(is_candidate);
        let cell = self.parts[part].loads[load].cells[usize::from(is_candidate)];
        observer.trial_begins(case, progress);
        let begun = Instant::now();
        // Both sides of a pair get the same plan of requests.
        let seed = plan.seed.wrapping_add(number as u64);
        let measured = trial::run(case, seed, observer);
        self.order += 1;
        let side = match measured {
            Ok(Some(run)) if run.ends_run => return Ok(None),
            Ok(None) => return Ok(None),
            Ok(Some(run)) => {
                self.has_started[cell] = true;
                self.cells[cell].contestant.options = run.options;
                Ok(Trial {
                    order: self.order - 1,
                    round: number,
                    ..run.trial
                })
            }
            Err(error) => {
                let has_started = self.has_started(cell, is_candidate);
                Err(failure_of(error, is_candidate, has_started)?)
            }
        };
        self.times.add(cell, begun.elapsed());
        Ok(Some(Measured { cell, side }))
    }

    /// Whether the server of this cell has been ready once. Whatever the load, it is the same server.
    fn has_started(&self, cell: usize, is_candidate: bool) -> bool {
        let own = |part: &&PartPairs| part.loads.iter().any(|load| load.cells.contains(&cell));
        let mut loads = self.parts.iter().filter(own).flat_map(|part| &part.loads);
        let side = usize::from(is_candidate);
        loads.any(|load| self.has_started[load.cells[side]])
    }

    /// The progress before a trial of a part: the first of `trials_left` of its pair.
    fn progress(
        &self,
        part: usize,
        load: usize,
        is_candidate: bool,
        trials_left: usize,
    ) -> RunProgress {
        let most = self.plan.most_pairs();
        let cell = self.parts[part].loads[load].cells[usize::from(is_candidate)];
        let (mut left, mut all_left) = (Duration::ZERO, 0);
        for (at, other) in self.parts.iter().enumerate() {
            let cells = other.loads.iter().flat_map(|load| load.cells);
            let pair: Duration = cells.map(|cell| self.times.of(cell)).sum();
            let trials = 2 * other.loads.len();
            let pairs = most.saturating_sub(other.pairs.len());
            left += pair.saturating_mul(u32::try_from(pairs).unwrap_or(u32::MAX));
            all_left += trials * pairs;
            if at == part && pairs > 0 {
                let done = trials - trials_left;
                left = left.saturating_sub(pair.mul_f64(done as f64 / trials as f64));
                all_left -= done;
            }
        }
        if let Some(budget) = self.plan.budget {
            left = left.min(budget.saturating_sub(self.begun.elapsed()));
        }
        RunProgress {
            index: self.order,
            of: self.order + all_left.max(1),
            left,
            trial: self.times.of(cell),
            bound: Bound::AtMost,
            purpose: Purpose::Measure,
        }
    }

    /// All results until now.
    fn outcome(&self, ended_by: Option<EndedBy>) -> Outcome {
        let (rules, alpha) = (self.plan.rules, self.plan.rules.alpha);
        let pairs = self.parts.iter().map(|part| part.pairs.len()).min();
        let (outcome, parts) = evaluate(&self.parts, &rules);
        Outcome {
            cells: self.cells.clone(),
            check: pairs.filter(|pairs| *pairs > 0).map(|pairs| CheckInfo {
                outcome,
                rules,
                baseline: self.plan.baseline.clone(),
                candidate: self.plan.candidate.clone(),
                looks: vec![Look { pairs, alpha }],
                method: Method::Anytime,
                labels: Some(self.plan.labels.clone()),
                gated: gated(&self.parts, &rules),
                budget_s: self.plan.budget.map(|budget| budget.as_secs_f64()),
                took_s: Some((self.begun.elapsed() + self.plan.before.took).as_secs_f64()),
                ended_by,
                parts,
            }),
            warmup: self.settled.warmup.clone(),
            pilots: self.settled.pilots.clone(),
            left_out: self.settled.left_out.clone(),
            ..Outcome::default()
        }
    }
}
