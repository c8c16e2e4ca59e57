//! Runs a check: pairs of trials, each load of a pair in an order of its own coin, until the pairs
//! decide.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::{Bound, Forecast, Goal};
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::pair_earlier::earlier_parts;
use super::pair_errors::of_baseline;
use super::pair_pilots::{Settled, settle};
use super::pair_plan::PairPlan;
use super::pair_sides::{At, Both, Length, Sides};
use super::pair_time::time_left;
use super::pilot_failures::pilot_failures;
use super::program_files::program_files;
use super::session::Measurement;
use super::short_starts::{has_few_starts, short};
use super::targets::reach_targets;
use crate::check::{PartPairs, compared, decide, evaluate, gated};
use crate::error::Error;
use crate::record::{
    CheckInfo, EndedBy, LoadPair, Look, Method, Outcome as CheckOutcome, PairInfo, ProgramFile,
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
    begun: Instant,
    random: fastrand::Rng,
    parts: Vec<PartPairs>,
    sides: Sides<'a>,
    /// The files that the servers are started from.
    programs: Vec<ProgramFile>,
}

impl<'a> Run<'a> {
    fn new(settled: &'a Settled, begun: Instant) -> Run<'a> {
        let plan = &settled.plan;
        let parts = plan.part_pairs();
        let earlier = plan.before.parts.iter().map(|part| part.pairs.len());
        Run {
            settled,
            plan,
            begun,
            // Another piece of the check tosses other coins.
            random: fastrand::Rng::with_seed(plan.seed.wrapping_add(earlier.sum::<usize>() as u64)),
            sides: Sides::new(plan, &parts),
            parts,
            programs: program_files(plan.all_cases()),
        }
    }

    /// Adds the pairs of an earlier piece of the check.
    ///
    /// # Errors
    /// When it has other loads.
    fn add_earlier(&mut self) -> Result<(), Error> {
        let before = &self.plan.before;
        if let Some(earlier) = earlier_parts(before, &self.parts, self.sides.cells())? {
            self.parts = earlier;
            self.sides.continue_from(&before.cells);
        }
        Ok(())
    }

    /// Measures until the pairs decide, the budget is used or there are the most pairs.
    fn measure(&mut self, observer: &mut dyn Observer) -> Result<EndedBy, Error> {
        loop {
            let (outcome, open) = decide(&self.parts, &self.plan.rules);
            let is_decided = outcome == CheckOutcome::Regressed || !open.contains(&true);
            if self.plan.ends_when_decided && is_decided {
                let Some(part) = self.part_with_few_starts(outcome) else {
                    return Ok(EndedBy::Decided);
                };
                if !self.start_again(part, observer)? {
                    return Ok(EndedBy::Interrupted);
                }
                continue;
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
        let pair: Duration = cells.map(|cell| self.sides.times().of(cell)).sum();
        let budget = self.plan.budget;
        budget.is_some_and(|budget| self.begun.elapsed() + pair > budget)
    }

    /// Runs one pair of a part: each of its loads, in random order. Returns false when the observer
    /// ends the run; a pair that is not complete is kept only if a server failed in it.
    fn pair(&mut self, part: usize, observer: &mut dyn Observer) -> Result<bool, Error> {
        let number = self.parts[part].pairs.len();
        let count = self.parts[part].loads.len();
        let mut order: Vec<usize> = (0..count).collect();
        self.random.shuffle(&mut order);
        let mut loads: Vec<(usize, LoadPair)> = Vec::with_capacity(count);
        let mut trials = Vec::with_capacity(2 * count);
        let mut is_complete = true;
        for (done, load) in order.into_iter().enumerate() {
            let trials_left = 2 * (count - done);
            let both = self.both((part, load), Length::Whole, trials_left, observer)?;
            let Some(both) = both else {
                is_complete = false;
                break;
            };
            for measured in &both.sides {
                if let Ok(trial) = &measured.side {
                    trials.push((measured.cell, trial.clone()));
                }
            }
            let kinds = self.parts[part].kinds();
            let metrics = compared(&kinds, &self.plan.rules);
            loads.push((load, both.compared(&metrics, kinds[load])));
        }
        let mut failures = loads.iter().flat_map(|(_, load)| &load.failures);
        if !is_complete && !failures.any(|failure| failure.kind.is_the_servers()) {
            return Ok(false);
        }
        loads.sort_by_key(|(load, _)| *load);
        let warmup = self.settled.warmup.as_ref().filter(|_| number == 0);
        let pilots = warmup.and_then(|warmup| pilot_failures(warmup, &self.plan.parts[part]));
        trials
            .into_iter()
            .for_each(|(cell, trial)| self.sides.keep(cell, trial));
        self.parts[part].pairs.push(PairInfo {
            pair: number,
            loads: loads
                .into_iter()
                .map(|(_, pair)| pair)
                .chain(pilots)
                .collect(),
        });
        Ok(is_complete)
    }

    /// A part that may not pass yet, and for which there is time.
    fn part_with_few_starts(&self, outcome: CheckOutcome) -> Option<usize> {
        let may_pass = matches!(outcome, CheckOutcome::Pass | CheckOutcome::Improved);
        let part = self.parts.iter().position(has_few_starts)?;
        let load = self.plan.parts[part].loads.last()?;
        let time = short(&load.baseline).time() + short(&load.candidate).time();
        let fits = |budget| self.begun.elapsed() + time <= budget;
        (may_pass && self.plan.budget.is_none_or(fits)).then_some(part)
    }

    /// Starts both sides of a part once more under its last load, in random order: only failures
    /// and slow starts count. Returns false when the observer ends the run.
    fn start_again(&mut self, part: usize, observer: &mut dyn Observer) -> Result<bool, Error> {
        let load = self.parts[part].loads.len() - 1;
        let both = self.both((part, load), Length::Short, 2, observer)?;
        let Some(both) = both else {
            return Ok(false);
        };
        let kinds = self.parts[part].kinds();
        let again = both.compared(&compared(&kinds, &self.plan.rules), kinds[load]);
        if let Some(last) = self.parts[part].pairs.last_mut() {
            last.loads.push(LoadPair {
                added: true,
                ..again
            });
        }
        observer.trial_ended(&|| self.outcome(None));
        Ok(true)
    }

    /// Measures both sides of a part under one of its loads. `None`: the observer ends the run.
    fn both(
        &mut self,
        (part, load): (usize, usize),
        length: Length,
        trials_left: usize,
        observer: &mut dyn Observer,
    ) -> Result<Option<Both>, Error> {
        let at = At {
            part,
            load,
            pair: self.parts[part].pairs.len(),
            added: match length {
                Length::Whole => 0,
                Length::Short => self.parts[part]
                    .pairs
                    .last()
                    .map_or(0, |pair| pair.loads.len()),
            },
            candidate_first: self.random.bool(),
        };
        let (plan, parts, begun) = (self.plan, &self.parts, self.begun);
        let progress = |sides: &Sides<'_>, cell: usize, done: usize| {
            let under_way = (part, trials_left - done);
            let (mut left, all_left) = time_left(plan, parts, sides.times(), under_way);
            if let Some(budget) = plan.budget {
                left = left.min(budget.saturating_sub(begun.elapsed()));
            }
            RunProgress {
                index: sides.trials(),
                of: sides.trials() + all_left.max(1),
                left,
                trial: sides.times().of(cell),
                bound: Bound::AtMost,
                purpose: Purpose::Measure,
            }
        };
        self.sides.both(at, length, &progress, observer)
    }

    /// All results until now.
    fn outcome(&self, ended_by: Option<EndedBy>) -> Outcome {
        let (rules, alpha) = (self.plan.rules, self.plan.rules.alpha);
        let pairs = self.parts.iter().map(|part| part.pairs.len()).min();
        let (outcome, parts) = evaluate(&self.parts, &rules);
        Outcome {
            cells: self.sides.cells().to_vec(),
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
                programs: self.programs.clone(),
                parts,
            }),
            warmup: self.settled.warmup.clone(),
            pilots: self.settled.pilots.clone(),
            left_out: self.settled.left_out.clone(),
            ..Outcome::default()
        }
    }
}
