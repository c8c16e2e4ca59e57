//! Rates that depend on what contestants can do: short closed loops find that out beforehand.
//!
//! All contestants then meet the same absolute rates, which is the only ground on
//! which their response times can be compared.

use std::time::Duration;

use super::{Outcome, Place, Plan, Seat, Watch, search, trial};
use crate::error::Error;
use crate::load::pacer::{Schedule, Then};
use crate::record::Pilot;

/// The window of a pilot.
const WINDOW: Duration = Duration::from_millis(500);

/// A rate as a scenario gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Requests a second.
    Rps(f64),
    /// A share of what somebody does in a closed loop.
    Share {
        /// The share.
        share: f64,
        /// Of whom.
        of: Of,
    },
}

/// Whose capacity a share is of, among the contestants that serve all clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// The one that does the least.
    Weakest,
    /// The one that does the most.
    Strongest,
}

/// Rates of a load that are not known before the pilots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// The rate.
    pub rate: Rate,
    /// The rate after [`Schedule::then`], if there is one.
    pub then: Option<Rate>,
}

impl Rate {
    /// The rate, where contestants can do so much.
    fn resolved(self, capacities_rps: &[f64]) -> f64 {
        match self {
            Rate::Rps(rate) => rate,
            Rate::Share { share, of } => {
                let all = capacities_rps.iter().copied();
                let capacity = match of {
                    Of::Weakest => all.fold(f64::INFINITY, f64::min),
                    Of::Strongest => all.fold(0.0, f64::max),
                };
                search::round(share * capacity).max(1.0)
            }
        }
    }

    /// The rate as it stands in a plan: 1 where a pilot is still to find it.
    pub fn or_one(self) -> f64 {
        match self {
            Rate::Rps(rate) => rate,
            Rate::Share { .. } => 1.0,
        }
    }
}

/// The seats with their rates; `None` when the watch has ended it.
///
/// What the pilots found goes into the outcome, and so does what has to be left out
/// since nobody serves all of its clients.
pub(super) fn settle(
    plan: &Plan,
    outcome: &mut Outcome,
    watch: &mut dyn Watch,
) -> Result<Option<Vec<Seat>>, Error> {
    let pilots = pilots_of(&plan.seats);
    for (index, seat) in pilots.iter().enumerate() {
        let known = plan.before.pilots.iter().find(|pilot| is_of(pilot, seat));
        let pilot = match known {
            Some(pilot) => pilot.clone(),
            None => {
                let place = Place {
                    index,
                    of: pilots.len() + plan.trials(),
                    left: plan.time_left(0),
                };
                watch.trial_begins(seat, place);
                let Some((trial, _)) = trial::run(seat, &seat.load, watch)? else {
                    return Ok(None);
                };
                Pilot {
                    scenario: seat.scenario.clone(),
                    contestant: seat.name().to_owned(),
                    clients: seat.load.clients,
                    throughput_rps: trial.throughput_rps,
                    clients_unserved: trial.clients_unserved,
                }
            }
        };
        outcome.pilots.push(pilot);
    }
    let mut seats = Vec::with_capacity(plan.seats.len());
    for seat in &plan.seats {
        match settled(seat, &outcome.pilots) {
            Ok(seat) => seats.push(seat),
            Err(why) if outcome.left_out.contains(&why) => {}
            Err(why) => outcome.left_out.push(why),
        }
    }
    Ok(Some(seats))
}

/// A closed loop for each contestant of each scenario that needs one.
fn pilots_of(seats: &[Seat]) -> Vec<Seat> {
    let mut pilots: Vec<Seat> = Vec::new();
    for seat in seats.iter().filter(|seat| seat.offer.is_some()) {
        let same = |known: &Seat| {
            known.scenario == seat.scenario
                && known.name() == seat.name()
                && known.load.clients == seat.load.clients
        };
        if !pilots.iter().any(same) {
            let mut pilot = seat.clone();
            pilot.load.schedule = None;
            pilot.load.duration = WINDOW;
            pilot.offer = None;
            pilots.push(pilot);
        }
    }
    pilots
}

fn is_of(pilot: &Pilot, seat: &Seat) -> bool {
    pilot.scenario == seat.scenario
        && pilot.contestant == seat.name()
        && pilot.clients == seat.load.clients
}

/// The seat with the rates that its pilots make, or why it has to be left out.
fn settled(seat: &Seat, pilots: &[Pilot]) -> Result<Seat, String> {
    let mut seat = seat.clone();
    let Some(offer) = seat.offer.take() else {
        return Ok(seat);
    };
    let fellows = pilots
        .iter()
        .filter(|pilot| pilot.scenario == seat.scenario && pilot.clients == seat.load.clients);
    let fit = fellows.filter(|pilot| pilot.clients_unserved == 0 && pilot.throughput_rps > 0.0);
    let capacities: Vec<f64> = fit.map(|pilot| pilot.throughput_rps).collect();
    if capacities.is_empty() {
        let name = seat.scenario.as_deref().unwrap_or("a load");
        let clients = seat.load.clients;
        return Err(format!(
            "{name}: no contestant serves all {clients} clients, so there is no rate that would be fair"
        ));
    }
    seat.load.schedule = seat.load.schedule.map(|schedule| Schedule {
        rate_rps: offer.rate.resolved(&capacities),
        then: schedule.then.zip(offer.then).map(|(then, rate)| Then {
            rate_rps: rate.resolved(&capacities),
            ..then
        }),
        ..schedule
    });
    Ok(seat)
}
