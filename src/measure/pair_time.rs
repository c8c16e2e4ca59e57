//! How long the rest of a check takes at most.

use std::time::Duration;

use super::pair_plan::PairPlan;
use super::trial_times::TrialTimes;
use crate::check::PartPairs;

/// The time of the trials that are left if each part gets the most pairs, and their number. A pair
/// of one part is under way, with this number of trials left.
pub(super) fn time_left(
    plan: &PairPlan,
    parts: &[PartPairs],
    times: &TrialTimes,
    (part, trials_left): (usize, usize),
) -> (Duration, usize) {
    let most = plan.most_pairs();
    let (mut left, mut all_left) = (Duration::ZERO, 0);
    for (at, other) in parts.iter().enumerate() {
        let cells = other.loads.iter().flat_map(|load| load.cells);
        let pair: Duration = cells.map(|cell| times.of(cell)).sum();
        let trials = 2 * other.loads.len();
        let pairs = most.saturating_sub(other.pairs.len());
        left += pair.saturating_mul(u32::try_from(pairs).unwrap_or(u32::MAX));
        all_left += trials * pairs;
        if at == part && pairs > 0 {
            let done = trials.saturating_sub(trials_left);
            left = left.saturating_sub(pair.mul_f64(done as f64 / trials as f64));
            all_left -= done;
        }
    }
    (left, all_left)
}
