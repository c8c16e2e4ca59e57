//! Runs a check: pairs of trials in random order, until a look at the pairs gives a verdict.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::{Bound, Forecast, Goal};
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::session::Measurement;
use super::targets::reach_targets;
use super::trial;
use super::trial_times::TrialTimes;
use crate::check::verdict::REDONE;
use crate::check::{Pair, Pairs, check};
use crate::error::Error;
use crate::record::{Cell, CheckInfo, Look, Outcome as CheckOutcome, Role, Rules, Trial, Verdict};

/// The check to run.
#[derive(Debug, Clone)]
pub struct PairPlan {
    /// Baseline and candidate for each server and load.
    pub parts: Vec<(Case, Case)>,
    /// The name of the baseline.
    pub baseline: String,
    /// The looks, fixed before the first trial: total pairs per part, and the error rate spent.
    pub looks: Vec<Look>,
    /// The longest duration: a pair starts only if it is expected to end in time.
    pub budget: Option<Duration>,
    /// The rules of the verdict.
    pub rules: Rules,
    /// The seed of the random orders and of the loads.
    pub seed: u64,
}

impl PairPlan {
    /// Estimated duration of one pair of each part.
    pub fn pair_time(&self) -> Duration {
        self.parts
            .iter()
            .map(|(baseline, candidate)| baseline.time() + candidate.time())
            .sum()
    }

    /// The most pairs of a part, all looks included.
    fn most_pairs(&self) -> usize {
        self.looks.last().map_or(0, |look| look.pairs)
    }

    /// The longest duration, all looks included.
    pub fn time(&self) -> Duration {
        let time = self.pair_time() * self.most_pairs() as u32;
        self.budget.map_or(time, |budget| time.min(budget))
    }
}

/// A check in progress.
struct Run<'a> {
    plan: &'a PairPlan,
    random: fastrand::Rng,
    begun: Instant,
    order: usize,
    pairs: Vec<Pairs>,
    /// Two cells per part: the baseline's, then the candidate's.
    cells: Vec<Cell>,
    /// The times of a trial, in the same order.
    times: TrialTimes,
}

/// The result of running a pair.
enum PairResult {
    Valid,
    Repeat,
    Interrupted,
}

/// Runs the check. After an interruption or an error the outcome holds all complete pairs.
pub fn compare(plan: &PairPlan, observer: &mut dyn Observer) -> Outcome {
    let new = |(case, _): &(Case, Case)| Pairs {
        name: case.name().to_owned(),
        scenario: case.scenario.clone(),
        clients: case.load.clients,
        pairs: Vec::new(),
        repeated: Vec::new(),
        gave_up: None,
    };
    let cases = plan
        .parts
        .iter()
        .flat_map(|(baseline, candidate)| [baseline, candidate]);
    let times = cases.clone().map(Case::time);
    let mut run = Run {
        plan,
        random: fastrand::Rng::with_seed(plan.seed),
        begun: Instant::now(),
        order: 0,
        pairs: plan.parts.iter().map(new).collect(),
        cells: cases.map(Case::cell).collect(),
        times: TrialTimes::new(times),
    };
    let mut outcome = Outcome::default();
    let mut looks = Vec::new();
    for look in &plan.looks {
        match run.measure_up_to(look.pairs, observer) {
            Ok(true) => {}
            Ok(false) => {
                outcome.interrupted = true;
                break;
            }
            Err(error) => {
                outcome.error = Some(error);
                break;
            }
        }
        looks.push(Look {
            pairs: run
                .pairs
                .iter()
                .map(|pairs| pairs.pairs.len())
                .min()
                .unwrap_or(0),
            alpha: look.alpha,
        });
        let (verdict, parts) = check(&run.pairs, &plan.rules, look.alpha);
        outcome.check = Some(CheckInfo {
            outcome: verdict,
            rules: plan.rules,
            baseline: plan.baseline.clone(),
            looks: looks.clone(),
            parts,
        });
        if verdict != CheckOutcome::Inconclusive {
            break;
        }
    }
    outcome.cells = run.cells;
    outcome
}

impl Measurement for PairPlan {
    fn cases(&self) -> Vec<&Case> {
        let parts = self.parts.iter();
        parts.flat_map(|(one, other)| [one, other]).collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn forecast(&self) -> Forecast {
        Forecast {
            goal: Goal::Pairs,
            trials: 2 * self.parts.len() * self.most_pairs(),
            pilots: 0,
            time: self.time(),
            bound: Bound::AtMost,
        }
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        compare(self, observer)
    }
}

impl Run<'_> {
    /// Measures until each part has `pairs` pairs, or the budget is used. Returns false when the
    /// observer ends the run.
    fn measure_up_to(&mut self, pairs: usize, observer: &mut dyn Observer) -> Result<bool, Error> {
        reach_targets(
            &self
                .plan
                .parts
                .iter()
                .map(|(case, _)| case.clone())
                .collect::<Vec<_>>(),
        )?;
        loop {
            let mut open_parts: Vec<usize> = (0..self.pairs.len())
                .filter(|at| {
                    self.pairs[*at].pairs.len() < pairs && self.pairs[*at].gave_up.is_none()
                })
                .collect();
            let is_over = self
                .plan
                .budget
                .is_some_and(|budget| self.begun.elapsed() + self.plan.pair_time() > budget);
            if open_parts.is_empty() || is_over {
                return Ok(true);
            }
            self.random.shuffle(&mut open_parts);
            for part in open_parts {
                match self.pair(part, observer)? {
                    PairResult::Valid => {}
                    PairResult::Repeat => self.give_up_if_unreliable(part, pairs),
                    PairResult::Interrupted => return Ok(false),
                }
                observer.trial_ended(&|| Outcome {
                    cells: self.cells.clone(),
                    ..Outcome::default()
                });
            }
        }
    }

    /// Runs one pair of a part; its order is random and independent of other pairs.
    fn pair(&mut self, part: usize, observer: &mut dyn Observer) -> Result<PairResult, Error> {
        let candidate_first = self.random.bool();
        let number = self.pairs[part].pairs.len() + self.pairs[part].repeated.len();
        let mut trials: [Option<Trial>; 2] = [None, None];
        for candidate in [candidate_first, !candidate_first] {
            let (baseline_case, candidate_case) = &self.plan.parts[part];
            let case = if candidate {
                candidate_case
            } else {
                baseline_case
            };
            let is_second = candidate != candidate_first;
            observer.trial_begins(case, self.progress(part, candidate, is_second));
            let begun = Instant::now();
            // Both sides of a pair get the same plan of requests.
            let seed = self.plan.seed.wrapping_add(number as u64);
            let side = if candidate {
                Role::Candidate
            } else {
                Role::Baseline
            };
            match trial::run(case, seed, observer) {
                // A pair that is not complete compares nothing.
                Ok(Some(run)) if run.ends_run => return Ok(PairResult::Interrupted),
                Ok(Some(run)) => {
                    let (mut trial, resolved) = (run.trial, run.options);
                    self.times
                        .add(2 * part + usize::from(candidate), begun.elapsed());
                    (trial.order, trial.round) = (self.order, number);
                    self.order += 1;
                    self.cells[2 * part + usize::from(candidate)]
                        .contestant
                        .options = resolved;
                    if trial.validity.verdict == Verdict::Invalid {
                        let why = trial.validity.reasons.first().cloned();
                        let why = format!("{side}: {}", why.unwrap_or_default());
                        self.pairs[part].repeated.push(why);
                        return Ok(PairResult::Repeat);
                    }
                    trials[usize::from(candidate)] = Some(trial);
                }
                Ok(None) => return Ok(PairResult::Interrupted),
                Err(error @ Error::Died { .. }) => {
                    self.pairs[part].repeated.push(format!("{side}: {error}"));
                    return Ok(PairResult::Repeat);
                }
                Err(error) => return Err(error),
            }
        }
        let [Some(baseline), Some(candidate)] = trials else {
            return Ok(PairResult::Repeat);
        };
        self.cells[2 * part].trials.push(baseline.clone());
        self.cells[2 * part + 1].trials.push(candidate.clone());
        self.pairs[part].pairs.push(Pair {
            baseline,
            candidate,
            candidate_first,
        });
        Ok(PairResult::Valid)
    }

    /// The progress when a trial of a part begins: the first or the second of its pair.
    fn progress(&self, part: usize, candidate: bool, is_second: bool) -> RunProgress {
        let most = self.plan.most_pairs();
        let time = |part: usize, candidate: bool| self.times.of(2 * part + usize::from(candidate));
        let (mut left, mut trials_left) = (Duration::ZERO, 0);
        for (at, pairs) in self.pairs.iter().enumerate() {
            if pairs.gave_up.is_none() {
                let pairs_left = most.saturating_sub(pairs.pairs.len());
                left += (time(at, false) + time(at, true)) * pairs_left as u32;
                trials_left += 2 * pairs_left;
            }
        }
        if is_second {
            left = left.saturating_sub(time(part, !candidate));
            trials_left = trials_left.saturating_sub(1);
        }
        if let Some(budget) = self.plan.budget {
            left = left.min(budget.saturating_sub(self.begun.elapsed()));
        }
        RunProgress {
            index: self.order,
            of: self.order + trials_left.max(1),
            left,
            trial: time(part, candidate),
            bound: Bound::AtMost,
            purpose: Purpose::Measure,
        }
    }

    /// Ends a part with too many discarded pairs.
    fn give_up_if_unreliable(&mut self, part: usize, pairs: usize) {
        let part = &mut self.pairs[part];
        let max_repeated = (REDONE * pairs as f64).ceil() as usize;
        if part.repeated.len() > max_repeated {
            let (repeated, last) = (part.repeated.len(), part.repeated.last());
            let last = last.map_or("", String::as_str);
            part.gave_up = Some(format!(
                "{repeated} pairs were discarded; the last reason: {last}"
            ));
        }
    }
}
