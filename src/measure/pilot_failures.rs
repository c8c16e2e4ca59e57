//! Failures of the pilots of the warm-up of a check. A pilot may last longer than a trial, so that it
//! may show a failure that no trial shows.

use super::case::Case;
use super::pair_plan::PartPlan;
use super::warmup_pilot::is_of;
use crate::record::{LoadPair, Role, SideFailure, WarmupInfo};

/// What failed in the pilots of the two sides of a part, as one more start of both; `None` if nothing
/// did.
pub(super) fn pilot_failures(warmup: &WarmupInfo, part: &PartPlan) -> Option<LoadPair> {
    let load = part.loads.last()?;
    let sides = [
        (Role::Baseline, &load.baseline),
        (Role::Candidate, &load.candidate),
    ];
    let failures = sides
        .into_iter()
        .filter_map(|(side, case)| failure(warmup, side, case));
    let failures: Vec<SideFailure> = failures.collect();
    let place = |case: &Case| warmup.pilots.iter().position(|pilot| is_of(pilot, case));
    (!failures.is_empty()).then(|| LoadPair {
        load: load.kind(),
        candidate_first: place(&load.candidate) < place(&load.baseline),
        added: true,
        values: Vec::new(),
        failures,
    })
}

fn failure(warmup: &WarmupInfo, side: Role, case: &Case) -> Option<SideFailure> {
    let pilot = warmup.pilots.iter().find(|pilot| is_of(pilot, case))?;
    let failed = pilot.failed.as_ref()?;
    Some(SideFailure {
        side,
        kind: failed.kind,
        count: 1,
        of: 0,
        what: failed.what.clone(),
    })
}
