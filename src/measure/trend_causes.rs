//! What causes a trend: the machine, if all servers of a round show it and other rounds do not; the
//! server, if it shows it in most rounds; else a disturbance of one trial.

use crate::findings::validity_sentences::sentence;
use crate::record::{Cell, Trend, TrendCause, Trial, ValidityFinding};

/// Another server shows the trend too if its figure changes in the same direction by at least this
/// share of the change.
const ALIKE_SHARE: f64 = 0.5;
/// The fewest other rounds that show whether a trend of a server comes back.
const LEAST_ROUNDS: usize = 2;

/// Sets the cause of each trend that the checks found. Call it when the trials of a round are
/// complete; it may be called again.
pub fn set(cells: &mut [Cell]) {
    let found = cells.iter().enumerate().flat_map(|(at, cell)| {
        let trials = cell.trials.iter().enumerate();
        trials.filter_map(move |(trial, own)| Some((at, trial, finding_of(own)?)))
    });
    let found: Vec<(usize, usize, usize)> = found.collect();
    for (at, trial, finding) in found {
        let cause = cause(cells, at, &cells[at].trials[trial]);
        set_cause(&mut cells[at].trials[trial], finding, cause);
    }
}

/// The position of the trend among the findings of a trial. One of an older record stays as it is.
fn finding_of(trial: &Trial) -> Option<usize> {
    let mut findings = trial.validity.findings.iter();
    findings.position(|finding| matches!(finding, ValidityFinding::Trend { cause: Some(_), .. }))
}

fn cause(cells: &[Cell], at: usize, trial: &Trial) -> TrendCause {
    let Some(own) = trial.trend else {
        return TrendCause::Unknown;
    };
    let cell = &cells[at];
    let is_compared = |(other_at, other): &(usize, &Cell)| {
        *other_at != at && other.scenario == cell.scenario && other.load == cell.load
    };
    let compared = cells.iter().enumerate().filter(is_compared);
    let of_round = compared.flat_map(|(_, other)| {
        let trials = other.trials.iter();
        trials.filter(|other| other.round == trial.round)
    });
    let of_server = cell.trials.iter().filter(|one| one.round != trial.round);
    let (alike, others) = count(&own, of_round);
    let (rounds_alike, rounds) = count(&own, of_server);
    let returns = rounds >= LEAST_ROUNDS && 2 * rounds_alike >= rounds;
    if others > 0 && alike == others {
        // In each round all servers may be measured cold: then it is no event of the machine.
        if returns {
            TrendCause::Unknown
        } else {
            TrendCause::Machine { others }
        }
    } else if rounds >= LEAST_ROUNDS && !returns {
        TrendCause::Disturbance {
            alike: rounds_alike,
            rounds,
        }
    } else if others > 0 {
        TrendCause::Server { alike, others }
    } else {
        TrendCause::Unknown
    }
}

/// How many of these trials show the trend too, and how many can.
fn count<'a>(own: &Trend, trials: impl Iterator<Item = &'a Trial>) -> (usize, usize) {
    let trends: Vec<Trend> = trials.filter_map(|trial| trial.trend).collect();
    let is_alike = |other: &&Trend| {
        let ratio = other.change_share / own.change_share;
        other.metric == own.metric && ratio >= ALIKE_SHARE
    };
    (trends.iter().filter(is_alike).count(), trends.len())
}

fn set_cause(trial: &mut Trial, finding: usize, new: TrendCause) {
    let validity = &mut trial.validity;
    if let Some(ValidityFinding::Trend { cause, .. }) = validity.findings.get_mut(finding) {
        *cause = Some(new);
    }
    if let (Some(reason), Some(finding)) = (
        validity.reasons.get_mut(finding),
        validity.findings.get(finding),
    ) {
        *reason = sentence(finding);
    }
    let verdicts = validity.findings.iter().map(ValidityFinding::verdict);
    // A verdict that only the trial has stays.
    if let Some(verdicts) = verdicts.collect::<Option<Vec<_>>>() {
        validity.verdict = verdicts.into_iter().max().unwrap_or_default();
    }
}
