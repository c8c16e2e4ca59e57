//! Results of well-behaved clients during attacks, compared with a run without an attack.

use super::units::{bytes, count, digits};
use crate::record::{Cell, Record, Trial};
use crate::stats::median;

/// The scenario of a run without an attack.
pub const CALM: &str = "calm";
/// A server suffers if its p99 is more than this many times that of the calm run.
const SUFFERS_RATIO: f64 = 10.0;

/// One server under one attack.
pub(crate) struct AttackResult<'a> {
    pub(crate) cell: &'a Cell,
    /// p99 of the calm run.
    calm_p99_ns: Option<f64>,
}

/// Whether any well-behaved client had an error or was not served during an attack.
pub fn any_suffered(record: &Record) -> bool {
    let attacked = record
        .cells
        .iter()
        .filter(|cell| cell.scenario.as_deref() != Some(CALM));
    attacked
        .flat_map(Cell::counted_trials)
        .any(|trial| trial.clients_unserved > 0 || trial.errors.total() > 0)
}

pub(crate) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut unique = Vec::new();
    names.for_each(|name| {
        if !unique.contains(&name) {
            unique.push(name);
        }
    });
    unique
}

pub(crate) fn attack_result<'a>(
    record: &'a Record,
    name: &str,
    scenario: &str,
) -> Option<AttackResult<'a>> {
    let cell_of = |scenario: &str| {
        record.cells.iter().find(|cell| {
            cell.contestant.name == name
                && cell.scenario.as_deref() == Some(scenario)
                && !cell.trials.is_empty()
        })
    };
    Some(AttackResult {
        cell: cell_of(scenario)?,
        calm_p99_ns: cell_of(CALM).and_then(p99_ns),
    })
}

pub(crate) fn p99_ns(cell: &Cell) -> Option<f64> {
    let values = cell
        .counted_trials()
        .iter()
        .filter_map(|trial| trial.latency_ns.p99);
    let values: Vec<f64> = values.map(|ns| ns as f64).collect();
    (!values.is_empty()).then(|| median(&values))
}

impl AttackResult<'_> {
    pub(crate) fn sum(&self, value: impl Fn(&Trial) -> u64) -> u64 {
        self.cell.counted_trials().iter().map(value).sum()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.sum(|trial| trial.errors.total())
    }

    pub(crate) fn unserved(&self) -> u64 {
        self.sum(|trial| trial.clients_unserved as u64)
    }

    pub(crate) fn asked(&self) -> u64 {
        self.sum(|trial| trial.clients_asked.unwrap_or(0) as u64)
    }

    /// Whether Ctrl-C ended its only trial.
    fn is_interrupted(&self) -> bool {
        let mut trials = self.cell.counted_trials().iter();
        trials.any(|trial| trial.interrupted)
    }

    /// The name of the attack, with a mark if its trial was ended early.
    pub(crate) fn title(&self, attack: &str) -> String {
        if self.is_interrupted() {
            format!("{attack} (ended early)")
        } else {
            attack.to_owned()
        }
    }

    /// Ratio of p99 to the calm p99; `None` if no client was served or the trial was ended early.
    pub(crate) fn times(&self) -> Option<f64> {
        let is_served = self.asked() > self.unserved();
        if !is_served || self.is_interrupted() {
            return None;
        }
        Some(p99_ns(self.cell)? / self.calm_p99_ns?)
    }

    pub(crate) fn suffers(&self) -> bool {
        let slow = self.times().is_some_and(|times| times > SUFFERS_RATIO);
        self.errors() > 0 || self.unserved() > 0 || slow
    }

    /// The outcome in short: clients served, errors, or the ratio to the calm p99.
    pub(crate) fn outcome(&self) -> String {
        if self.is_interrupted() {
            "ended early".to_owned()
        } else if self.unserved() > 0 {
            format!("{}/{} served", self.asked() - self.unserved(), self.asked())
        } else if self.errors() > 0 {
            format!("{} errors", count(self.errors()))
        } else {
            self.times()
                .map_or_else(|| "–".to_owned(), |times| format!("{}×", digits(times)))
        }
    }

    /// Resources that the server has not released after the attack.
    pub(crate) fn left(&self) -> String {
        let residues = self
            .cell
            .counted_trials()
            .iter()
            .filter_map(|trial| trial.residue);
        let mut residues = residues.rev();
        let Some(residue) = residues.next() else {
            return "unknown".to_owned();
        };
        let increase = |[before, after]: [u64; 2]| after.saturating_sub(before);
        let retained = [
            (increase(residue.descriptors), "fds"),
            (increase(residue.processes), "processes"),
            (increase(residue.threads), "threads"),
        ];
        let retained: Vec<String> = retained
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, unit)| format!("{number} {unit}"))
            .collect();
        let memory = match residue.pss_bytes {
            [Some(before), Some(after)] => format!("+{}", bytes(increase([before, after]) as f64)),
            _ => "memory unknown".to_owned(),
        };
        if retained.is_empty() {
            memory
        } else {
            format!("{}, {memory}", retained.join(", "))
        }
    }
}
