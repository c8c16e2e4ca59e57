//! Rates that depend on what contestants can do: short closed loops find that out beforehand.
//!
//! All contestants then meet the same absolute rates, which is the only ground on
//! which their response times can be compared.

use std::time::Duration;

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::outcome::Outcome;
use super::plan::Plan;
use super::trial;
use crate::error::Error;
use crate::load::{RateChange, Schedule};
use crate::record::Pilot;

/// The window of a pilot.
const WINDOW: Duration = Duration::from_millis(500);

/// The cases with their rates; `None` when the observer has ended it.
///
/// What the pilots found goes into the outcome, and so does what has to be left out
/// since nobody serves all of its clients.
pub(crate) fn settle(
    plan: &Plan,
    outcome: &mut Outcome,
    observer: &mut dyn Observer,
) -> Result<Option<Vec<Case>>, Error> {
    let pilots = pilots_of(&plan.cases);
    for (index, case) in pilots.iter().enumerate() {
        let known = plan.before.pilots.iter().find(|pilot| is_of(pilot, case));
        let pilot = match known {
            Some(pilot) => pilot.clone(),
            None => {
                let place = RunProgress {
                    index,
                    of: pilots.len() + plan.trials(),
                    left: plan.time_left(0),
                };
                observer.trial_begins(case, place);
                let Some((trial, _)) = trial::run(case, &case.load, observer)? else {
                    return Ok(None);
                };
                Pilot {
                    scenario: case.scenario.clone(),
                    contestant: case.name().to_owned(),
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
        match settled(case, &outcome.pilots) {
            Ok(case) => cases.push(case),
            Err(why) if outcome.left_out.contains(&why) => {}
            Err(why) => outcome.left_out.push(why),
        }
    }
    Ok(Some(cases))
}

/// A closed loop for each contestant of each scenario that needs one.
fn pilots_of(cases: &[Case]) -> Vec<Case> {
    let mut pilots: Vec<Case> = Vec::new();
    for case in cases.iter().filter(|case| case.rate_spec.is_some()) {
        let same = |known: &Case| {
            known.scenario == case.scenario
                && known.name() == case.name()
                && known.load.clients == case.load.clients
        };
        if !pilots.iter().any(same) {
            let mut pilot = case.clone();
            pilot.load.schedule = None;
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
        && pilot.clients == case.load.clients
}

/// The case with the rates that its pilots make, or why it has to be left out.
fn settled(case: &Case, pilots: &[Pilot]) -> Result<Case, String> {
    let mut case = case.clone();
    let Some(rate_spec) = case.rate_spec.take() else {
        return Ok(case);
    };
    let fellows = pilots
        .iter()
        .filter(|pilot| pilot.scenario == case.scenario && pilot.clients == case.load.clients);
    let fit = fellows.filter(|pilot| pilot.clients_unserved == 0 && pilot.throughput_rps > 0.0);
    let capacities: Vec<f64> = fit.map(|pilot| pilot.throughput_rps).collect();
    if capacities.is_empty() {
        let name = case.scenario.as_deref().unwrap_or("a load");
        let clients = case.load.clients;
        return Err(format!(
            "{name}: no contestant serves all {clients} clients, so there is no rate that would be fair"
        ));
    }
    case.load.schedule = case.load.schedule.map(|schedule| Schedule {
        rate_rps: rate_spec.rate.resolved(&capacities),
        then: schedule
            .then
            .zip(rate_spec.then)
            .map(|(then, rate)| RateChange {
                rate_rps: rate.resolved(&capacities),
                ..then
            }),
        ..schedule
    });
    Ok(case)
}
