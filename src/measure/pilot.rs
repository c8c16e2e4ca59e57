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
use crate::findings::BEYOND;
use crate::record::{Assign, Mode, Pilot};
use crate::scenario::{Capacity, Takers};

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
    let before = outcome.pilots_done();
    for (index, case) in pilots.iter().enumerate() {
        let earlier = plan.before.pilots.iter().find(|pilot| is_of(pilot, case));
        let pilot = match earlier {
            Some(pilot) => pilot.clone(),
            None => {
                let left = (index..pilots.len()).map(|at| times.of(at));
                let round = (0..plan.cases.len()).map(|at| times.of(pilots.len() + at));
                let rounds = plan.remaining_trials() as f64 / plan.cases.len() as f64;
                let progress = RunProgress {
                    index: before + index,
                    of: before + pilots.len() + plan.trials(),
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
    let mut skipped: Vec<Skipped<'_>> = Vec::new();
    for case in &plan.cases {
        match with_rates(case, &outcome.pilots) {
            Ok(case) => cases.push(case),
            Err(why) => match skipped.iter_mut().find(|load| load.is_of(case, &why)) {
                Some(load) => load.cases.push(case),
                None => skipped.push(Skipped {
                    cases: vec![case],
                    why,
                }),
            },
        }
    }
    outcome.left_out = skipped
        .iter()
        .map(|load| load.text(&outcome.pilots))
        .collect();
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
            pilots.push(pilot_case(case));
        }
    }
    pilots
}

/// The closed loop that measures the capacity of a case's server.
pub(super) fn pilot_case(case: &Case) -> Case {
    let mut pilot = case.clone();
    pilot.load.mode = Mode::Closed;
    pilot.load.assign = Assign::Bound;
    pilot.load.duration = WINDOW;
    pilot.rate_spec = None;
    pilot
}

fn is_of(pilot: &Pilot, case: &Case) -> bool {
    pilot.scenario == case.scenario
        && pilot.contestant == case.name()
        && pilot.workers == case.info.options.workers
        && pilot.clients == case.load.clients
}

/// The case with the absolute rates that follow from its pilots, or the reason to leave it out.
fn with_rates(case: &Case, pilots: &[Pilot]) -> Result<Case, WhyLeftOut> {
    let mut case = case.clone();
    let Some(rate_spec) = case.rate_spec.take() else {
        return Ok(case);
    };
    let same_load = pilots
        .iter()
        .filter(|pilot| pilot.scenario == case.scenario && pilot.clients == case.load.clients);
    let capacities: Vec<Capacity<'_>> = same_load
        .filter(|pilot| serves_all(pilot))
        .map(|pilot| Capacity {
            server: &pilot.contestant,
            workers: pilot.workers,
            rps: pilot.throughput_rps,
        })
        .collect();
    let load = rate_spec.applied(&case.load, &capacities);
    case.load = load.ok_or(WhyLeftOut::NoneServesAll)?;
    if rate_spec.takers == Takers::ServingAll {
        let own = pilots.iter().find(|pilot| is_of(pilot, &case));
        if own.is_some_and(|pilot| !serves_all(pilot)) {
            return Err(WhyLeftOut::Unserved);
        }
        let rate_rps = case.load.rate_rps.unwrap_or_default();
        if rate_rps * case.load.duration.as_secs_f64() < LEAST_REQUESTS {
            return Err(WhyLeftOut::TooFewRequests);
        }
    }
    Ok(case)
}

/// With fewer requests in the window, not even p50 has enough samples.
pub(super) const LEAST_REQUESTS: f64 = 2.0 * BEYOND;

fn serves_all(pilot: &Pilot) -> bool {
    pilot.clients_unserved == 0 && pilot.throughput_rps > 0.0
}

/// Why a load is not measured for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhyLeftOut {
    /// No server serves all clients, so there is no rate.
    NoneServesAll,
    /// This server left clients unserved in its pilot.
    Unserved,
    /// The rate is too low for the window.
    TooFewRequests,
}

/// The cases of one load that are left out for one reason.
struct Skipped<'a> {
    cases: Vec<&'a Case>,
    why: WhyLeftOut,
}

impl Skipped<'_> {
    fn is_of(&self, case: &Case, why: &WhyLeftOut) -> bool {
        let same_load =
            |own: &&Case| own.scenario == case.scenario && own.load.clients == case.load.clients;
        self.why == *why && self.cases.first().is_some_and(same_load)
    }

    /// What is left out and why, for people.
    fn text(&self, pilots: &[Pilot]) -> String {
        let Some(first) = self.cases.first() else {
            return String::new();
        };
        let clients = first.load.clients;
        let scenario = first.scenario.as_deref();
        match self.why {
            WhyLeftOut::NoneServesAll => format!(
                "{}: no server serves all {clients} clients, so no rate can be derived for it",
                scenario.unwrap_or("the load at one rate")
            ),
            WhyLeftOut::TooFewRequests => format!(
                "{}: the rate is so low that the measured time has under {LEAST_REQUESTS} requests",
                at_one_rate(scenario)
            ),
            WhyLeftOut::Unserved => {
                let entries = self.cases.iter().map(|case| {
                    let own = pilots.iter().find(|pilot| is_of(pilot, case));
                    let unserved = own.map_or(clients, |pilot| pilot.clients_unserved);
                    format!("{} served {} of {clients}", case.label, clients - unserved)
                });
                let entries: Vec<String> = entries.collect();
                format!(
                    "{}: servers that left clients unserved in their pilots ({})",
                    at_one_rate(scenario),
                    entries.join(", ")
                )
            }
        }
    }
}

fn at_one_rate(scenario: Option<&str>) -> String {
    scenario.map_or("at one rate".to_owned(), |name| {
        format!("{name} at one rate")
    })
}
