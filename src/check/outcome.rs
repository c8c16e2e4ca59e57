//! How outcomes combine.

use crate::record::Outcome;

/// The worst outcome, in the order regressed, invalid, inconclusive. Without any of these: improved
/// if any improved, else pass.
pub fn overall(outcomes: &[Outcome]) -> Outcome {
    let worst = [Outcome::Regressed, Outcome::Invalid, Outcome::Inconclusive];
    let found = worst.into_iter().find(|outcome| outcomes.contains(outcome));
    found.unwrap_or(if outcomes.contains(&Outcome::Improved) {
        Outcome::Improved
    } else {
        Outcome::Pass
    })
}

/// Regressed if worse, improved if better.
pub(super) fn best_and_worst(is_worse: bool, is_better: bool) -> Option<Outcome> {
    match (is_worse, is_better) {
        (true, _) => Some(Outcome::Regressed),
        (false, true) => Some(Outcome::Improved),
        (false, false) => None,
    }
}
