//! How long the trials of each case take, learned while they run.

use std::time::Duration;

/// The estimates of this much time are believed before the measured times of other cases
/// correct them.
const PRIOR: Duration = Duration::from_secs(10);

/// Estimates of the duration of a trial, per case.
///
/// A case that has been measured takes as long as before: a server that leaves clients unserved
/// drains for a second each time. The other cases take as much longer than planned as the
/// trials so far.
#[derive(Debug, Clone)]
pub(crate) struct TrialTimes {
    cases: Vec<CaseTimes>,
}

#[derive(Debug, Clone, Copy)]
struct CaseTimes {
    planned: Duration,
    took: Duration,
    done: u32,
}

impl TrialTimes {
    /// The planned time of one trial of each case.
    pub(crate) fn new(planned: impl IntoIterator<Item = Duration>) -> TrialTimes {
        let case = |planned| CaseTimes {
            planned,
            took: Duration::ZERO,
            done: 0,
        };
        TrialTimes {
            cases: planned.into_iter().map(case).collect(),
        }
    }

    /// The estimated time of one trial of case `at`.
    pub(crate) fn of(&self, at: usize) -> Duration {
        let case = &self.cases[at];
        if case.done > 0 {
            case.took / case.done
        } else {
            case.planned.mul_f64(self.ratio())
        }
    }

    /// A trial of case `at` took this long.
    pub(crate) fn add(&mut self, at: usize, took: Duration) {
        let case = &mut self.cases[at];
        case.took += took;
        case.done += 1;
    }

    /// Measured time per planned time.
    fn ratio(&self) -> f64 {
        let (mut took, mut planned) = (PRIOR, PRIOR);
        for case in &self.cases {
            took += case.took;
            planned += case.planned * case.done;
        }
        took.as_secs_f64() / planned.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_case_takes_as_long_as_before_and_the_others_are_corrected() {
        let mut times = TrialTimes::new([10 * S, 20 * S, 30 * S]);
        assert_eq!([times.of(0), times.of(1)], [10 * S, 20 * S]);
        times.add(0, 20 * S);
        assert_eq!(times.of(0), 20 * S);
        // 30 s instead of the 20 s that were planned and believed.
        assert_eq!(times.of(1), 30 * S);
        times.add(0, 30 * S);
        times.add(1, 20 * S);
        assert_eq!([times.of(0), times.of(1)], [25 * S, 20 * S]);
        // 80 s instead of 50 s.
        assert_eq!(times.of(2), 48 * S);
    }
}
