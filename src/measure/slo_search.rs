//! Runs searches for the highest rate: one open loop per step, the servers in turn.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::{Bound, Forecast, Goal};
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::rate_search::RateSearch;
use super::session::Measurement;
use super::targets::reach_targets;
use super::trial;
use super::trial_times::TrialTimes;
use super::warmup_pilot::{self, AutoWarmup, Rest};
use crate::error::Error;
use crate::record::{Arrivals, Assign, Cell, Slo, Trial, WarmupInfo};

/// The longest trial; a high quantile at a low rate needs a long one.
const LONGEST: Duration = Duration::from_secs(60);
/// Samples beyond a quantile that are needed to measure it.
const SAMPLES_BEYOND: f64 = 12.0;
/// A search may take as long as this many trials of the usual length: 58 s at the defaults.
const TIME_TRIALS: u32 = 23;

/// The searches to run.
#[derive(Debug, Clone)]
pub struct SearchPlan {
    /// The servers, each with a closed loop that has the clients and the duration of a step.
    pub cases: Vec<Case>,
    /// The target.
    pub slo: Slo,
    /// The arrivals of the open loops.
    pub arrivals: Arrivals,
    /// Which connection a request of an open loop waits for.
    pub assign: Assign,
    /// The seed of the random order.
    pub seed: u64,
    /// If given, pilots find the warm-up; the cases have the one to plan with.
    pub warmup: Option<AutoWarmup>,
}

impl SearchPlan {
    /// Estimated duration.
    pub fn time(&self) -> Duration {
        let pilots = self.warmup_pilots();
        self.steps_time() + pilots.iter().map(Case::time).sum::<Duration>()
    }

    fn steps_time(&self) -> Duration {
        let time = |case: &Case| case.time() * usual_trials(case) as u32;
        self.cases.iter().map(time).sum()
    }

    /// The pilots of the warm-up.
    pub fn warmup_pilots(&self) -> Vec<Case> {
        match self.warmup {
            Some(_) => warmup_pilot::missing(self.cases.iter(), None),
            None => Vec::new(),
        }
    }

    /// The same with the warm-up that pilots find. `None`: the observer ended the run.
    fn warmed_up(
        &self,
        observer: &mut dyn Observer,
    ) -> Result<Option<(SearchPlan, Option<WarmupInfo>)>, Error> {
        let mut plan = self.clone();
        let Some(rule) = self.warmup else {
            return Ok(Some((plan, None)));
        };
        reach_targets(&self.cases)?;
        let rest = Rest {
            trials: self.cases.iter().map(usual_trials).sum(),
            time: self.steps_time(),
            bound: Bound::About,
            longest_pilot: warmup_pilot::LONGEST,
            seed: self.seed,
        };
        let found = warmup_pilot::settle(rule, self.cases.iter(), None, &rest, observer)?;
        Ok(found.map(|found| {
            warmup_pilot::apply(&found, plan.cases.iter_mut());
            (plan, Some(found))
        }))
    }

    /// The duration of a step that is enough to measure the quantile; `None` if that is too long.
    fn duration(&self, usual: Duration, rate_rps: f64) -> Option<Duration> {
        let share_beyond = 1.0 - self.slo.quantile;
        let needed = if share_beyond > 0.0 {
            Duration::try_from_secs_f64(SAMPLES_BEYOND / share_beyond / rate_rps).ok()?
        } else {
            Duration::ZERO
        };
        Some(needed.max(usual)).filter(|duration| *duration <= LONGEST.max(usual))
    }
}

/// Trials that the search of this server usually needs, its pilot included.
fn usual_trials(case: &Case) -> usize {
    // A search ends with a pilot that does not serve all clients.
    if case.leaves_clients_unserved() {
        1
    } else {
        1 + RateSearch::USUAL_TRIALS
    }
}

/// The search of one server.
struct ServerSearch<'a> {
    case: &'a Case,
    /// Its place among the servers.
    at: usize,
    search: RateSearch,
    /// The time that its trials took.
    took: Duration,
}

impl ServerSearch<'_> {
    /// Adds the time of a trial, and ends the search if there is none left for another.
    fn add_time(&mut self, took: Duration) {
        self.took += took;
        let usual = self.case.time();
        if self.search.may_end() && self.took + usual > usual * TIME_TRIALS {
            self.search.end();
        }
    }
}

/// The trial of one step.
enum NextTrial {
    Pilot,
    Rate(f64),
}

/// The estimate of the trials to come.
struct Estimate {
    times: TrialTimes,
    /// Expected trials per server.
    trials_left: Vec<usize>,
}

impl Estimate {
    fn new(plan: &SearchPlan) -> Estimate {
        Estimate {
            times: TrialTimes::new(plan.cases.iter().map(Case::time)),
            trials_left: plan.cases.iter().map(usual_trials).collect(),
        }
    }

    /// The progress when a trial begins with this case of server `at`, after `done` others.
    fn progress(&self, at: usize, case: &Case, next: &NextTrial, done: usize) -> RunProgress {
        let servers = self.trials_left.iter().enumerate();
        let time = |(at, trials): (usize, &usize)| self.times.of(at) * *trials as u32;
        let all: Duration = servers.map(time).sum();
        RunProgress {
            index: done,
            of: done + self.trials_left.iter().sum::<usize>().max(1),
            // A low rate can need a longer trial than usual.
            left: all.saturating_sub(self.times.of(at)) + case.time(),
            trial: case.time(),
            bound: Bound::About,
            purpose: match next {
                NextTrial::Pilot => Purpose::Pilot,
                NextTrial::Rate(_) => Purpose::Measure,
            },
        }
    }
}

/// Runs the searches. In each round every search does one step, in random order, so that a slow
/// minute of the machine does not affect one server only.
///
/// After an interruption or an error the outcome holds all complete trials, and of an
/// interrupted trial what was measured so far. `warmup` is what pilots found before.
fn search_rates(
    plan: &SearchPlan,
    warmup: Option<WarmupInfo>,
    observer: &mut dyn Observer,
) -> Outcome {
    let pilots = warmup.as_ref().map_or(0, |warmup| warmup.pilots.len());
    let mut outcome = Outcome {
        warmup,
        ..Outcome::default()
    };
    if let Err(error) = reach_targets(&plan.cases) {
        outcome.error = Some(error);
        return outcome;
    }
    let new = |(at, case)| ServerSearch {
        case,
        at,
        search: RateSearch::new(Case::name(case).to_owned(), case.load.clients, plan.slo)
            .with_workers(case.info.options.workers)
            .with_cores(case.server_cores()),
        took: Duration::ZERO,
    };
    let mut searches: Vec<ServerSearch<'_>> = plan.cases.iter().enumerate().map(new).collect();
    let mut estimate = Estimate::new(plan);
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut order = 0;
    'rounds: for round in 0.. {
        let is_active = |at: &usize| round == 0 || searches[*at].search.next_rps().is_some();
        let mut active: Vec<usize> = (0..searches.len()).filter(is_active).collect();
        if active.is_empty() {
            break;
        }
        random.shuffle(&mut active);
        for at in active {
            let server = &mut searches[at];
            let next = server
                .search
                .next_rps()
                .map_or(NextTrial::Pilot, NextTrial::Rate);
            let Some(case) = step_case(plan, server, &next) else {
                estimate.trials_left[server.at] = 0;
                continue;
            };
            let progress = estimate.progress(server.at, &case, &next, pilots + order);
            observer.trial_begins(&case, progress);
            let begun = Instant::now();
            let cells = &mut outcome.cells;
            match step(plan, server, &next, case, (round, order), observer, cells) {
                Ok(true) => {
                    order += 1;
                    estimate.times.add(at, begun.elapsed());
                    server.add_time(begun.elapsed());
                    estimate.trials_left[at] = server.search.trials_left();
                    observer.trial_ended(&|| so_far(&outcome, &searches));
                }
                Ok(false) => {
                    outcome.interrupted = true;
                    break 'rounds;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break 'rounds;
                }
            }
        }
    }
    let infos = searches.into_iter().map(|server| server.search.into_info());
    outcome.searches = infos.collect();
    outcome
}

/// The results so far: the trials, and the searches with their steps until now.
fn so_far(outcome: &Outcome, searches: &[ServerSearch<'_>]) -> Outcome {
    let infos = searches.iter().map(|server| server.search.info().clone());
    Outcome {
        searches: infos.collect(),
        ..outcome.so_far()
    }
}

impl Measurement for SearchPlan {
    fn cases(&self) -> Vec<&Case> {
        self.cases.iter().collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn forecast(&self) -> Forecast {
        let (pilots, time) = (self.warmup_pilots(), self.time());
        let trials = self.cases.iter();
        let trials = trials.map(|case| (case.load.warmup, usual_trials(case)));
        Forecast {
            goal: Goal::Search,
            trials: self.cases.iter().map(usual_trials).sum(),
            pilots: pilots.len(),
            time,
            longest: time + warmup_pilot::may_add(self.warmup, &pilots, trials),
            bound: Bound::About,
        }
    }

    fn saves_each_trial(&self) -> bool {
        true
    }

    fn run(&self, observer: &mut dyn Observer) -> Outcome {
        match self.warmed_up(observer) {
            Ok(Some((plan, warmup))) => search_rates(&plan, warmup, observer),
            Ok(None) => Outcome {
                interrupted: true,
                ..Outcome::default()
            },
            Err(error) => Outcome {
                error: Some(error),
                ..Outcome::default()
            },
        }
    }
}

/// The case of the next trial. `None` if it would take too long, which ends the search.
fn step_case(plan: &SearchPlan, server: &mut ServerSearch<'_>, next: &NextTrial) -> Option<Case> {
    let mut case = server.case.clone();
    if let NextTrial::Rate(rate_rps) = *next {
        let Some(duration) = plan.duration(case.load.duration, rate_rps) else {
            let name = plan.slo.name();
            let why = format!(
                "at {rate_rps}/s a trial needs more than a minute to measure {name}; give a longer --duration"
            );
            server.search.give_up(why);
            return None;
        };
        case.load.duration = duration;
        case.load.mode = plan.arrivals.into();
        case.load.assign = plan.assign;
        case.load.rate_rps = Some(rate_rps);
    }
    Some(case)
}

/// Runs one trial of one search. Returns false when the observer ends the run.
fn step(
    plan: &SearchPlan,
    server: &mut ServerSearch<'_>,
    next: &NextTrial,
    mut case: Case,
    (round, order): (usize, usize),
    observer: &mut dyn Observer,
    cells: &mut Vec<Cell>,
) -> Result<bool, Error> {
    let seed = plan.seed.wrapping_add(round as u64);
    let Some(run) = trial::run(&case, seed, observer)? else {
        return Ok(false);
    };
    let mut trial = run.trial;
    (trial.order, trial.round) = (order, round);
    match *next {
        // It is in the record, marked, but decides nothing.
        _ if trial.interrupted => {}
        NextTrial::Pilot => server.search.pilot(&trial),
        NextTrial::Rate(rate_rps) => server.search.tried(rate_rps, order, &trial),
    }
    case.info.options = run.options;
    add_trial(cells, &case, trial);
    Ok(!run.ends_run)
}

/// Adds a trial to the cell of its server and load.
fn add_trial(cells: &mut Vec<Cell>, case: &Case, trial: Trial) {
    let mut cell = case.cell();
    let is_same =
        |known: &&mut Cell| known.contestant == cell.contestant && known.load == cell.load;
    match cells.iter_mut().find(is_same) {
        Some(known) => known.trials.push(trial),
        None => {
            cell.trials.push(trial);
            cells.push(cell);
        }
    }
}
