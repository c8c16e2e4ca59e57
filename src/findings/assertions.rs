//! Whether a measurement holds the conditions of `--assert`.
//!
//! A figure of one trial is compared as it is; of several trials, the 95 % interval over them
//! must be within the limit, or beyond it, on the same side as their median. Counts (errors,
//! clients served) are those of the worst trial.

use super::assertion_readings::{Reading, reading};
use super::two_loads::is_pair;
use crate::record::{
    AssertCell, AssertDoubt, AssertInfo, AssertMetric, AssertUnit, AssertVerdict, Assertion, Cell,
    Role, RoundsRule, ServerIdentity, Trial, Verdict,
};
use crate::stats::{anytime_ratio, median, paired_ratio, range};

/// The error rate of the interval over trials, of each cell separately.
const ALPHA: f64 = 0.05;

/// Each condition on each cell that it is about.
pub fn evaluate(assertions: &[Assertion], cells: &[Cell]) -> Vec<AssertInfo> {
    let info = |assertion: &Assertion| {
        let concerned = (0..cells.len()).filter(|at| concerns(assertion.metric, *at, cells));
        let cells: Vec<AssertCell> = concerned
            .map(|at| of_cell(assertion, at, &cells[at]))
            .collect();
        let deciding = deciding(assertion, &cells);
        AssertInfo {
            assertion: assertion.clone(),
            verdict: deciding.map_or(AssertVerdict::Undecided, |cell| cell.verdict),
            figure: deciding.and_then(|cell| cell.figure),
            cells,
        }
    };
    assertions.iter().map(info).collect()
}

/// The worst verdict of all conditions; `None` if there is none.
pub fn worst(asserts: &[AssertInfo]) -> Option<AssertVerdict> {
    asserts.iter().map(|info| info.verdict).max()
}

/// The cell with the worst verdict; of several, that with the worst figure.
fn deciding<'c>(assertion: &Assertion, cells: &'c [AssertCell]) -> Option<&'c AssertCell> {
    let sign = if assertion.metric.is_less_better() {
        1.0
    } else {
        -1.0
    };
    let badness = |cell: &AssertCell| {
        cell.figure
            .map_or(f64::NEG_INFINITY, |figure| sign * figure)
    };
    cells.iter().max_by(|a, b| {
        let by_verdict = a.verdict.cmp(&b.verdict);
        by_verdict.then(badness(a).total_cmp(&badness(b)))
    })
}

/// Whether a metric is asserted of this cell: not of the baseline of a check, not a quantile of an
/// overload, which only reflects its length. Of a server that is measured at capacity and at one
/// rate, throughput is asserted at capacity, response times and CPU at the rate.
fn concerns(metric: AssertMetric, at: usize, cells: &[Cell]) -> bool {
    let cell = &cells[at];
    let is_latency = metric.unit() == AssertUnit::LatencyNs;
    if cell.contestant.role == Some(Role::Baseline) || (is_latency && cell.load.then.is_some()) {
        return false;
    }
    let same_server = |other: &&Cell| is_same(&other.contestant, &cell.contestant);
    let mut others = cells.iter().filter(same_server);
    match metric {
        AssertMetric::Throughput => !others.any(|other| is_pair(other, cell)),
        AssertMetric::Response(_) | AssertMetric::Service(_) | AssertMetric::Cpu => {
            !others.any(|other| is_pair(cell, other))
        }
        _ => true,
    }
}

fn is_same(a: &ServerIdentity, b: &ServerIdentity) -> bool {
    (a.kind, &a.name, a.role, a.options.workers) == (b.kind, &b.name, b.role, b.options.workers)
}

fn of_cell(assertion: &Assertion, at: usize, cell: &Cell) -> AssertCell {
    let trials = cell.counted_trials();
    let found = if trials.is_empty() {
        Found::unknown(AssertDoubt::NoTrial)
    } else if assertion.metric.unit() == AssertUnit::Count {
        worst_count(assertion, trials)
    } else {
        over_trials(assertion, trials, cell.rounds)
    };
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    AssertCell {
        cell: at,
        trials: trials.len(),
        figure: finite(found.figure),
        low: finite(found.interval.map(|(low, _)| low)),
        high: finite(found.interval.map(|(_, high)| high)),
        verdict: found.verdict,
        doubt: found.doubt,
    }
}

/// What a cell says about a condition.
struct Found {
    figure: Option<f64>,
    interval: Option<(f64, f64)>,
    verdict: AssertVerdict,
    doubt: Option<AssertDoubt>,
}

impl Found {
    fn unknown(doubt: AssertDoubt) -> Found {
        Found {
            figure: None,
            interval: None,
            verdict: AssertVerdict::Undecided,
            doubt: Some(doubt),
        }
    }
}

/// A count in the worst trial. One that is over its limit happened, whatever else is doubtful.
fn worst_count(assertion: &Assertion, trials: &[Trial]) -> Found {
    let counts: Vec<f64> = trials
        .iter()
        .map(|trial| count(assertion.metric, trial))
        .collect();
    let (least, most) = range(&counts);
    let worst = if assertion.metric.is_less_better() {
        most
    } else {
        least
    };
    let doubt = whole_trial_doubt(trials);
    let (verdict, doubt) = match doubt {
        _ if !assertion.allows(worst) => (AssertVerdict::Violated, None),
        Some(doubt) => (AssertVerdict::Undecided, Some(doubt)),
        None => (AssertVerdict::Holds, None),
    };
    Found {
        figure: Some(worst),
        interval: Some((worst, worst)),
        verdict,
        doubt,
    }
}

fn count(metric: AssertMetric, trial: &Trial) -> f64 {
    let asked = trial.clients_asked.unwrap_or(trial.clients_served);
    let served = asked.saturating_sub(trial.clients_unserved);
    let count = match metric {
        AssertMetric::Errors => trial.errors.total(),
        AssertMetric::Unanswered => trial.unanswered,
        AssertMetric::Served => served as u64,
        AssertMetric::Unserved => trial.clients_unserved as u64,
        // Not counts.
        AssertMetric::Response(_)
        | AssertMetric::Service(_)
        | AssertMetric::Throughput
        | AssertMetric::Cpu
        | AssertMetric::Memory => 0,
    };
    count as f64
}

/// Why no figure of these trials can be used.
fn whole_trial_doubt(trials: &[Trial]) -> Option<AssertDoubt> {
    let is_invalid = |trial: &Trial| trial.validity.verdict == Verdict::Invalid;
    if trials.iter().any(|trial| trial.interrupted) {
        Some(AssertDoubt::EndedEarly)
    } else if trials.iter().any(is_invalid) {
        Some(AssertDoubt::Invalid)
    } else {
        None
    }
}

/// A figure over the trials of a cell.
fn over_trials(assertion: &Assertion, trials: &[Trial], rounds: RoundsRule) -> Found {
    let readings = trials
        .iter()
        .map(|trial| reading(assertion.metric, trial))
        .collect::<Result<Vec<Reading>, AssertDoubt>>();
    let readings = match readings {
        Ok(readings) => readings,
        Err(doubt) => return Found::unknown(whole_trial_doubt(trials).unwrap_or(doubt)),
    };
    let values = |of: fn(&Reading) -> f64| readings.iter().map(of).collect::<Vec<f64>>();
    let figure = median(&values(|reading| reading.value));
    let best = interval(&values(|reading| reading.best), rounds);
    let worst = interval(&values(|reading| reading.worst), rounds);
    let is_less_better = assertion.metric.is_less_better();
    let interval = if is_less_better {
        (best.0, worst.1)
    } else {
        (worst.0, best.1)
    };
    let (best_end, worst_end) = if is_less_better {
        interval
    } else {
        (interval.1, interval.0)
    };
    let within = assertion.allows(figure);
    let doubt = whole_trial_doubt(trials).or_else(|| marks_of_most(&readings));
    let is_decided = if within {
        assertion.allows(worst_end)
    } else {
        !assertion.allows(best_end)
    };
    let (verdict, doubt) = match (doubt, is_decided, within) {
        (Some(doubt), _, _) => (AssertVerdict::Undecided, Some(doubt)),
        (None, false, _) => {
            let mut doubts = readings.iter().filter_map(|reading| {
                if within {
                    reading.may_be_worse
                } else {
                    reading.may_be_better
                }
            });
            let doubt = doubts.next().unwrap_or(AssertDoubt::Spread);
            (AssertVerdict::Undecided, Some(doubt))
        }
        (None, true, true) => (AssertVerdict::Holds, None),
        (None, true, false) => (AssertVerdict::Violated, None),
    };
    Found {
        figure: Some(figure),
        interval: Some(interval),
        verdict,
        doubt,
    }
}

/// The mark that most trials have, if any has it.
fn marks_of_most(readings: &[Reading]) -> Option<AssertDoubt> {
    let marked: Vec<AssertDoubt> = readings.iter().filter_map(|reading| reading.mark).collect();
    let first = marked.first().copied();
    first.filter(|_| 2 * marked.len() > readings.len())
}

/// The 95 % interval over trials: Student's on the logarithms, or one that holds at any number of
/// rounds where that number was decided by the figures. For one trial, the figure itself.
fn interval(values: &[f64], rounds: RoundsRule) -> (f64, f64) {
    if values.len() < 2 {
        return range(values);
    }
    let ones = vec![1.0; values.len()];
    let ratio = match rounds {
        RoundsRule::Fixed => paired_ratio(values, &ones, ALPHA),
        RoundsRule::UntilDecided => anytime_ratio(values, &ones, ALPHA),
    };
    // Figures of 0 and infinite ones have no logarithm.
    ratio.map_or_else(|| range(values), |ratio| (ratio.low, ratio.high))
}
