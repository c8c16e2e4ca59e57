//! From the tries of a check to its verdict.

use super::check::{Check, Reading};
use crate::record::SelftestCheck;
use crate::stats::median;

/// The result of a check: the first try counts if it is within the tolerance, else the median of
/// all tries. A disturbance of the machine has to come twice to fail a check; an error of the
/// generator comes in each try.
pub fn verdict(check: &dyn Check, tries: &[Reading]) -> SelftestCheck {
    let measured: Option<Vec<f64>> = tries.iter().map(|reading| reading.measured).collect();
    let measured = measured.filter(|values| !values.is_empty());
    let middle = |of: fn(&Reading) -> f64| median(&tries.iter().map(of).collect::<Vec<f64>>());
    let reading = Reading {
        truth: middle(|reading| reading.truth),
        measured: measured.map(|values| median(&values)),
        tolerance: middle(|reading| reading.tolerance),
    };
    SelftestCheck {
        name: check.name().to_owned(),
        about: check.about().to_owned(),
        concerns: check.concerns().to_owned(),
        unit: check.unit().to_owned(),
        truth: reading.truth,
        measured: reading.measured,
        tolerance: reading.tolerance,
        ok: reading.is_ok(),
        tries: tries.iter().map(|reading| reading.measured).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::ALL;
    use super::*;

    fn of(measured: &[Option<f64>]) -> SelftestCheck {
        let reading = |measured: &Option<f64>| Reading {
            truth: 100.0,
            measured: *measured,
            tolerance: 5.0,
        };
        let tries: Vec<Reading> = measured.iter().map(reading).collect();
        verdict(ALL[0], &tries)
    }

    #[test]
    fn the_median_of_the_tries_counts() {
        for (tries, measured, ok) in [
            (vec![Some(105.0)], Some(105.0), true),
            (vec![Some(105.1)], Some(105.1), false),
            (
                vec![Some(120.0), Some(99.0), Some(101.0)],
                Some(101.0),
                true,
            ),
            (
                vec![Some(120.0), Some(99.0), Some(110.0)],
                Some(110.0),
                false,
            ),
            (vec![None], None, false),
            (vec![Some(100.0), None, Some(100.0)], None, false),
            (vec![Some(f64::NAN)], Some(f64::NAN), false),
            (vec![], None, false),
        ] {
            let result = of(&tries);
            assert_eq!(result.ok, ok, "{tries:?}");
            assert_eq!(
                result.measured.map(f64::to_bits),
                measured.map(f64::to_bits),
                "{tries:?}"
            );
            assert_eq!(result.tries.len(), tries.len());
        }
    }
}
