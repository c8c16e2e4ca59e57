//! The pairs of an earlier piece of a check.

use super::pair_plan::EarlierCheck;
use crate::check::PartPairs;
use crate::error::Error;
use crate::record::Cell;

/// The parts of the earlier piece, to which pairs are added; `None` if there was none. `parts` and
/// `cells` are those of the check that goes on.
///
/// # Errors
/// When it has other loads.
pub(super) fn earlier_parts(
    before: &EarlierCheck,
    parts: &[PartPairs],
    cells: &[Cell],
) -> Result<Option<Vec<PartPairs>>, Error> {
    if before.parts.is_empty() {
        return Ok(None);
    }
    let loads = |parts: &[PartPairs]| -> Vec<_> {
        let loads = parts.iter().flat_map(|part| part.loads.clone());
        loads.collect()
    };
    let earlier: Vec<PartPairs> = before.parts.iter().map(PartPairs::from).collect();
    let mut both = before.cells.iter().zip(cells);
    let is_same = loads(&earlier) == loads(parts)
        && before.cells.len() == cells.len()
        && both.all(|(a, b)| a.load == b.load);
    if is_same {
        return Ok(Some(earlier));
    }
    Err(Error::Resume {
        why: "it has other servers or loads than its command would measure now".to_owned(),
    })
}
