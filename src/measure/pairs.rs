//! Carrying out a check: pairs of trials, a coin for the order in each, until a look decides.

use std::time::{Duration, Instant};

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::targets::reach_targets;
use super::trial;
use crate::check::verdict::REDONE;
use crate::check::{Pair, Pairs, check};
use crate::error::Error;
use crate::load::Schedule;
use crate::record::{Cell, CheckInfo, Look, Outcome as Said, Rules, Trial, Verdict};

/// What is to be checked.
#[derive(Debug, Clone)]
pub struct PairPlan {
    /// Each contestant under each load: the baseline and the candidate.
    pub parts: Vec<(Case, Case)>,
    /// What the baseline is called.
    pub baseline: String,
    /// The looks, declared before anything is measured: pairs in all, and the error rate spent.
    pub looks: Vec<Look>,
    /// No pair is begun that would not end by then.
    pub budget: Option<Duration>,
    /// What is asked for.
    pub rules: Rules,
    /// What coins and loads are drawn from.
    pub seed: u64,
}

impl PairPlan {
    /// How long a pair of each part takes.
    pub fn pair_time(&self) -> Duration {
        self.parts
            .iter()
            .map(|(baseline, candidate)| baseline.time() + candidate.time())
            .sum()
    }

    /// How long it takes, all looks included.
    pub fn time(&self) -> Duration {
        let pairs = self.looks.last().map_or(0, |look| look.pairs);
        let time = self.pair_time() * pairs as u32;
        self.budget.map_or(time, |budget| time.min(budget))
    }
}

/// A check that is under way.
struct Run<'a> {
    plan: &'a PairPlan,
    random: fastrand::Rng,
    begun: Instant,
    order: usize,
    pairs: Vec<Pairs>,
    /// Two a part: the baseline's and the candidate's.
    cells: Vec<Cell>,
}

/// How a pair came out.
enum PairResult {
    Good,
    Redo,
    Interrupted,
}

/// Carries out the check. What was complete when it was interrupted or failed is in the outcome.
pub fn compare(plan: &PairPlan, observer: &mut dyn Observer) -> Outcome {
    let new = |(case, _): &(Case, Case)| Pairs {
        name: case.name().to_owned(),
        scenario: case.scenario.clone(),
        clients: case.load.clients,
        pairs: Vec::new(),
        redone: Vec::new(),
        broken: None,
    };
    let cases = plan.parts.iter().flat_map(|(one, other)| [one, other]);
    let mut run = Run {
        plan,
        random: fastrand::Rng::with_seed(plan.seed),
        begun: Instant::now(),
        order: 0,
        pairs: plan.parts.iter().map(new).collect(),
        cells: cases.map(Case::cell).collect(),
    };
    let mut outcome = Outcome::default();
    let mut looks = Vec::new();
    for look in &plan.looks {
        match run.up_to(look.pairs, observer) {
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
        let (said, parts) = check(&run.pairs, &plan.rules, look.alpha);
        outcome.check = Some(CheckInfo {
            outcome: said,
            rules: plan.rules,
            baseline: plan.baseline.clone(),
            looks: looks.clone(),
            parts,
        });
        if said != Said::Inconclusive {
            break;
        }
    }
    outcome.cells = run.cells;
    outcome
}

impl Run<'_> {
    /// Measures until each part has so many pairs, or the time is over; false when the observer ends it.
    fn up_to(&mut self, pairs: usize, observer: &mut dyn Observer) -> Result<bool, Error> {
        reach_targets(
            &self
                .plan
                .parts
                .iter()
                .map(|(case, _)| case.clone())
                .collect::<Vec<_>>(),
        )?;
        loop {
            let mut turn: Vec<usize> = (0..self.pairs.len())
                .filter(|at| {
                    self.pairs[*at].pairs.len() < pairs && self.pairs[*at].broken.is_none()
                })
                .collect();
            let over = self
                .plan
                .budget
                .is_some_and(|budget| self.begun.elapsed() + self.plan.pair_time() > budget);
            if turn.is_empty() || over {
                return Ok(true);
            }
            self.random.shuffle(&mut turn);
            for part in turn {
                match self.pair(part, observer)? {
                    PairResult::Good => {}
                    PairResult::Redo => self.give_up_if_hopeless(part, pairs),
                    PairResult::Interrupted => return Ok(false),
                }
            }
        }
    }

    /// One pair of a part, an independent coin for its order.
    fn pair(&mut self, part: usize, observer: &mut dyn Observer) -> Result<PairResult, Error> {
        let candidate_first = self.random.bool();
        let number = self.pairs[part].pairs.len() + self.pairs[part].redone.len();
        let mut trials: [Option<Trial>; 2] = [None, None];
        for candidate in [candidate_first, !candidate_first] {
            let (baseline, other) = &self.plan.parts[part];
            let case = if candidate { other } else { baseline };
            let all =
                self.plan.looks.last().map_or(1, |look| look.pairs) * 2 * self.plan.parts.len();
            let place = RunProgress {
                index: self.order,
                of: all.max(self.order + 1),
                left: self.plan.time().saturating_sub(self.begun.elapsed()),
            };
            observer.trial_begins(case, place);
            // Both sides of a pair meet the same plan of requests.
            let mut load = case.load.clone();
            load.schedule = load.schedule.map(|schedule| Schedule {
                seed: self.plan.seed.wrapping_add(number as u64),
                ..schedule
            });
            let whose = if candidate { "candidate" } else { "baseline" };
            match trial::run(case, &load, observer) {
                Ok(Some((mut trial, resolved))) => {
                    (trial.order, trial.round) = (self.order, number);
                    self.order += 1;
                    self.cells[2 * part + usize::from(candidate)]
                        .contestant
                        .options = resolved;
                    if trial.validity.verdict == Verdict::Invalid {
                        let why = trial.validity.reasons.first().cloned();
                        let why = format!("{whose}: {}", why.unwrap_or_default());
                        self.pairs[part].redone.push(why);
                        return Ok(PairResult::Redo);
                    }
                    trials[usize::from(candidate)] = Some(trial);
                }
                Ok(None) => return Ok(PairResult::Interrupted),
                Err(error @ Error::Died { .. }) => {
                    self.pairs[part].redone.push(format!("{whose}: {error}"));
                    return Ok(PairResult::Redo);
                }
                Err(error) => return Err(error),
            }
        }
        let [Some(baseline), Some(candidate)] = trials else {
            return Ok(PairResult::Redo);
        };
        self.cells[2 * part].trials.push(baseline.clone());
        self.cells[2 * part + 1].trials.push(candidate.clone());
        self.pairs[part].pairs.push(Pair {
            baseline,
            candidate,
            candidate_first,
        });
        Ok(PairResult::Good)
    }

    /// A part of which too many pairs had to be thrown away is not worth more time.
    fn give_up_if_hopeless(&mut self, part: usize, pairs: usize) {
        let part = &mut self.pairs[part];
        let most = (REDONE * pairs as f64).ceil() as usize;
        if part.redone.len() > most {
            let (redone, last) = (part.redone.len(), part.redone.last());
            let last = last.map_or("", String::as_str);
            part.broken = Some(format!(
                "{redone} pairs had to be thrown away, the last since {last}"
            ));
        }
    }
}
