//! The pilots of a check: the capacity of each baseline, of which the rate is a share. Both sides
//! get the same absolute rate.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::Bound;
use super::observer::{Observer, Purpose, RunProgress};
use super::pair_plan::{PairCase, PairPlan, PartPlan};
use super::pilot::{LEAST_REQUESTS, pilot_case};
use super::trial;
use super::warmup_pilot::{self, Rest};
use crate::error::Error;
use crate::record::{LoadKind, LoadSpec, Part, Pilot, WarmupInfo};
use crate::scenario::Capacity;

/// A baseline that fails in its pilot is started again, up to this number of times in all.
const TRIES: usize = 3;

/// A check with absolute rates.
pub(super) struct Settled {
    pub(super) plan: PairPlan,
    pub(super) warmup: Option<WarmupInfo>,
    pub(super) pilots: Vec<Pilot>,
    pub(super) left_out: Vec<String>,
}

/// Runs the pilots. `None`: the observer ended the run.
///
/// # Errors
/// When a baseline cannot be measured.
pub(super) fn settle(
    plan: &PairPlan,
    observer: &mut dyn Observer,
) -> Result<Option<Settled>, Error> {
    let Some((plan, warmup)) = warmed_up(plan, Instant::now(), observer)? else {
        return Ok(None);
    };
    let plan = &plan;
    let mut settled = Settled {
        plan: plan.clone(),
        warmup,
        pilots: plan.before.pilots.clone(),
        left_out: Vec::new(),
    };
    for (at, part) in plan.parts.iter().enumerate() {
        let earlier = plan.before.parts.get(at);
        let mut loads = Vec::with_capacity(part.loads.len());
        for load in &part.loads {
            if load.baseline.rate_spec.is_none() {
                loads.push(load.clone());
                continue;
            }
            let spec = match earlier {
                Some(earlier) => earlier_rate(load, earlier, plan),
                None => match piloted(plan, load, &mut settled, observer)? {
                    Some(spec) => spec,
                    None => return Ok(None),
                },
            };
            loads.extend(spec.map(|spec| at_rate(load, &spec)));
        }
        settled.plan.parts[at] = PartPlan { loads };
    }
    Ok(Some(settled))
}

/// The plan with the warm-up that pilots find, but at most one that leaves time for the usual number
/// of pairs. `None`: the observer ended the run.
fn warmed_up(
    plan: &PairPlan,
    begun: Instant,
    observer: &mut dyn Observer,
) -> Result<Option<(PairPlan, Option<WarmupInfo>)>, Error> {
    let mut plan = plan.clone();
    let Some(rule) = plan.warmup else {
        return Ok(Some((plan, None)));
    };
    // The pairs of an earlier piece had this warm-up.
    let earlier = plan.before.warmup.clone();
    if let Some(earlier) = earlier.filter(|_| !plan.before.parts.is_empty()) {
        apply(&earlier, &mut plan);
        return Ok(Some((plan, Some(earlier))));
    }
    let rest = Rest {
        trials: plan.all_cases().count() * plan.most_pairs(),
        time: plan.time().saturating_sub(plan.warmup_pilots_time()),
        bound: Bound::AtMost,
        longest_pilot: plan.longest_warmup_pilot(),
        seed: plan.seed,
    };
    let before = plan.before.warmup.as_ref();
    let found = warmup_pilot::settle(rule, plan.all_cases(), before, &rest, observer)?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    if let Some(most) = plan.most_warmup(begun.elapsed())
        && most < found.warmup()
    {
        found.warmup_s = most.as_secs_f64();
        found.most_s = Some(found.warmup_s);
    }
    apply(&found, &mut plan);
    plan.before.warmup = Some(found.clone());
    if found.needed() > found.warmup() {
        let budget = plan.budget_with(found.needed());
        found.budget_s = Some((budget.as_secs_f64() / 10.0).ceil() * 10.0);
    }
    Ok(Some((plan, Some(found))))
}

/// Gives all cases of a plan this warm-up.
fn apply(warmup: &WarmupInfo, plan: &mut PairPlan) {
    let loads = plan.parts.iter_mut().flat_map(|part| &mut part.loads);
    let cases = loads.flat_map(|load| [&mut load.baseline, &mut load.candidate]);
    warmup_pilot::apply(warmup, cases);
}

/// The load of an earlier piece of the check, if it was measured.
fn earlier_rate(load: &PairCase, earlier: &Part, plan: &PairPlan) -> Option<LoadSpec> {
    let mut loads = earlier.loads.iter();
    let own = loads.find(|own| own.load == LoadKind::Rate)?;
    let cell = plan.before.cells.get(own.cells[0])?;
    Some(LoadSpec {
        rate_rps: cell.load.rate_rps,
        rate_share: cell.load.rate_share.clone(),
        ..load.baseline.load.clone()
    })
}

/// Measures the capacity, and returns the load at its share of it; `Some(None)` if there is none.
/// `None`: the observer ended the run.
#[expect(
    clippy::option_option,
    reason = "the run ended, or the load is left out"
)]
fn piloted(
    plan: &PairPlan,
    load: &PairCase,
    settled: &mut Settled,
    observer: &mut dyn Observer,
) -> Result<Option<Option<LoadSpec>>, Error> {
    let case = pilot_case(&load.baseline);
    let Some(pilot) = measured(plan, &case, observer)? else {
        return Ok(None);
    };
    let capacity = Capacity {
        server: &pilot.contestant,
        workers: pilot.workers,
        rps: pilot.throughput_rps,
    };
    let rate_spec = load.baseline.rate_spec;
    let spec = rate_spec
        .filter(|_| pilot.throughput_rps > 0.0)
        .and_then(|rate| rate.applied(&load.baseline.load, &[capacity]));
    let is_enough = |spec: &LoadSpec| {
        spec.rate_rps.unwrap_or_default() * spec.duration.as_secs_f64() >= LEAST_REQUESTS
    };
    let spec = spec.filter(is_enough);
    if spec.is_none() {
        settled.left_out.push(format!(
            "{} at one rate: {:.1} requests per second in the pilot are too few",
            case.label, pilot.throughput_rps
        ));
    }
    settled.pilots.push(pilot);
    Ok(Some(spec))
}

/// The pilot of a baseline; one that fails is tried again.
fn measured(
    plan: &PairPlan,
    case: &Case,
    observer: &mut dyn Observer,
) -> Result<Option<Pilot>, Error> {
    let mut tries = 1;
    loop {
        let progress = RunProgress {
            index: 0,
            of: plan.all_cases().count() * plan.most_pairs() + 1,
            left: plan.time(),
            trial: case.time(),
            bound: Bound::AtMost,
            purpose: Purpose::Pilot,
        };
        observer.trial_begins(case, progress);
        let begun = Instant::now();
        match trial::run(case, plan.seed, observer) {
            Ok(None) => return Ok(None),
            Ok(Some(run)) if run.ends_run => return Ok(None),
            Ok(Some(run)) if run.trial.requests > 0 || tries == TRIES => {
                return Ok(Some(Pilot {
                    scenario: case.scenario.clone(),
                    contestant: case.name().to_owned(),
                    workers: case.info.options.workers,
                    clients: case.load.clients,
                    throughput_rps: run.trial.throughput_rps,
                    clients_unserved: run.trial.clients_unserved,
                }));
            }
            Err(error @ (Error::NotReady { .. } | Error::Died { .. })) => {
                // One that takes seconds to fail does so again.
                let is_slow = begun.elapsed() > case.time() + Duration::from_secs(2);
                if tries == TRIES || is_slow {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
            Ok(Some(_)) => {}
        }
        tries += 1;
    }
}

fn at_rate(load: &PairCase, spec: &LoadSpec) -> PairCase {
    let with = |case: &Case| Case {
        load: spec.clone(),
        rate_spec: None,
        ..case.clone()
    };
    PairCase {
        baseline: with(&load.baseline),
        candidate: with(&load.candidate),
    }
}
