//! Pilots: short closed loops that measure the capacity of servers. Rates can be shares of it.
//!
//! All servers then get the same absolute rates. Otherwise their response times
//! could not be compared.

use std::time::{Duration, Instant};

use super::case::Case;
use super::forecast::Bound;
use super::observer::{Observer, Purpose, RunProgress};
use super::outcome::Outcome;
use super::plan::Plan;
use super::trial;
use super::trial_times::TrialTimes;
use crate::error::Error;
use crate::record::{Assign, Mode, Pilot};

/// The duration of a pilot's window.
const WINDOW: Duration = Duration::from_millis(500);

/// Runs the pilots and returns the cases with absolute rates. `None` if the observer ends the run.
///
/// The results of the pilots go into the outcome. So do the loads that are left out because no
/// server serves all clients.
pub(crate) fn settle(
    plan: &Plan,
    outcome: &mut Outcome,
    observer: &mut dyn Observer,
) -> Result<Option<Vec<Case>>, Error> {
    let pilots = pilots_of(&plan.cases);
    // The trials that follow are corrected by the times of the pilots.
    let cases = pilots.iter().chain(&plan.cases);
    let mut times = TrialTimes::new(cases.map(Case::time));
    for (index, case) in pilots.iter().enumerate() {
        let earlier = plan.before.pilots.iter().find(|pilot| is_of(pilot, case));
        let pilot = match earlier {
            Some(pilot) => pilot.clone(),
            None => {
                let left = (index..pilots.len()).map(|at| times.of(at));
                let round = (0..plan.cases.len()).map(|at| times.of(pilots.len() + at));
                let rounds = plan.remaining_trials() as f64 / plan.cases.len() as f64;
                let progress = RunProgress {
                    index,
                    of: pilots.len() + plan.trials(),
                    left: left.sum::<Duration>() + round.sum::<Duration>().mul_f64(rounds),
                    trial: times.of(index),
                    bound: Bound::About,
                    purpose: Purpose::Pilot,
                };
                observer.trial_begins(case, progress);
                let begun = Instant::now();
                let run = trial::run(case, plan.seed, observer)?;
                let Some(trial) = run.filter(|run| !run.ends_run).map(|run| run.trial) else {
                    return Ok(None);
                };
                times.add(index, begun.elapsed());
                Pilot {
                    scenario: case.scenario.clone(),
                    contestant: case.name().to_owned(),
                    workers: case.info.options.workers,
                    clients: case.load.clients,
                    throughput_rps: trial.throughput_rps,
                    clients_unserved: trial.clients_unserved,
                }
            }
        };
        outcome.pilots.push(pilot);
    }
    let mut cases = Vec::with_capacity(plan.cases.len());
    for case in &plan.cases {
        match with_rates(case, &outcome.pilots) {
            Ok(case) => cases.push(case),
            Err(why) if outcome.left_out.contains(&why) => {}
            Err(why) => outcome.left_out.push(why),
        }
    }
    Ok(Some(cases))
}

/// The pilots that an earlier run has not done.
pub(crate) fn missing(plan: &Plan) -> Vec<Case> {
    let mut pilots = pilots_of(&plan.cases);
    let is_done = |case: &Case| plan.before.pilots.iter().any(|pilot| is_of(pilot, case));
    pilots.retain(|case| !is_done(case));
    pilots
}

/// One closed loop per server, scenario and number of clients whose rates depend on a capacity.
fn pilots_of(cases: &[Case]) -> Vec<Case> {
    let mut pilots: Vec<Case> = Vec::new();
    for case in cases.iter().filter(|case| case.rate_spec.is_some()) {
        let is_same = |pilot: &Case| {
            pilot.scenario == case.scenario
                && pilot.is_same_server_as(case)
                && pilot.load.clients == case.load.clients
        };
        if !pilots.iter().any(is_same) {
            let mut pilot = case.clone();
            pilot.load.mode = Mode::Closed;
            pilot.load.assign = Assign::Bound;
            pilot.load.duration = WINDOW;
            pilot.rate_spec = None;
            pilots.push(pilot);
        }
    }
    pilots
}

fn is_of(pilot: &Pilot, case: &Case) -> bool {
    pilot.scenario == case.scenario
        && pilot.contestant == case.name()
        && pilot.workers == case.info.options.workers
        && pilot.clients == case.load.clients
}

/// The case with the absolute rates that follow from its pilots, or the reason to leave it out.
fn with_rates(case: &Case, pilots: &[Pilot]) -> Result<Case, String> {
    let mut case = case.clone();
    let Some(rate_spec) = case.rate_spec.take() else {
        return Ok(case);
    };
    let same_load = pilots
        .iter()
        .filter(|pilot| pilot.scenario == case.scenario && pilot.clients == case.load.clients);
    let serves_all =
        same_load.filter(|pilot| pilot.clients_unserved == 0 && pilot.throughput_rps > 0.0);
    let capacities: Vec<f64> = serves_all.map(|pilot| pilot.throughput_rps).collect();
    match rate_spec.applied(&case.load, &capacities) {
        Some(load) => {
            case.load = load;
            Ok(case)
        }
        None => {
            let name = case.scenario.as_deref().unwrap_or("a load");
            let clients = case.load.clients;
            Err(format!(
                "{name}: no server serves all {clients} clients, so no rate can be derived for it"
            ))
        }
    }
}
