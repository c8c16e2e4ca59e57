//! Starts that a check adds before it passes. A fault that only some starts of a server have stays
//! unseen in the twelve starts of six pairs too often; a start with a short warm-up takes little time.

use std::time::Duration;

use super::case::Case;
use crate::check::PartPairs;
use crate::load::Load;
use crate::record::STARTS_OF_A_PASS;

/// The longest warm-up of such a start, if connects need no longer one.
const WARMUP: Duration = Duration::from_millis(100);

/// The case with a short warm-up. Its duration is that of a pair: in a shorter one a slow server leaves
/// clients without a reply by chance.
pub(super) fn short(case: &Case) -> Case {
    let mut short = case.clone();
    let ramp = 2 * Load::ramp(case.load.connections());
    short.load.warmup = case.load.warmup.min(WARMUP.max(ramp));
    short
}

/// Whether both sides of a part were started too seldom for a pass.
pub(super) fn has_few_starts(part: &PartPairs) -> bool {
    let starts: usize = part.pairs.iter().map(|pair| pair.loads.len()).sum();
    (1..STARTS_OF_A_PASS).contains(&starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{LoadKind, LoadPair, PairInfo};

    #[test]
    fn a_pass_rests_on_24_starts() {
        let load = || LoadPair {
            load: LoadKind::Capacity,
            candidate_first: false,
            added: false,
            values: Vec::new(),
            failures: Vec::new(),
        };
        let part = |starts: &[usize]| {
            let pairs = starts.iter().enumerate().map(|(pair, starts)| PairInfo {
                pair,
                loads: (0..*starts).map(|_| load()).collect(),
            });
            PartPairs {
                name: "async".to_owned(),
                scenario: None,
                clients: 64,
                loads: Vec::new(),
                pairs: pairs.collect(),
            }
        };
        assert!(has_few_starts(&part(&[2; 6])) && has_few_starts(&part(&[2; 11])));
        assert!(!has_few_starts(&part(&[2; 12])));
        assert!(
            !has_few_starts(&part(&[2, 2, 2, 2, 2, 14])),
            "added to one pair"
        );
        assert!(!has_few_starts(&part(&[])), "nothing was measured");
    }
}
