//! What changed between two records: the figures of each server under each load that both hold.
//!
//! It shows a trend and decides nothing: the records were measured at different times.
//! `check/` decides, by pairs of trials that ran next to each other.

use super::changed_figures::{ALL, ChangedFigure, Value};
use super::summary::Summary;
use crate::record::{Cell, LoadSpec, Record};

/// One of the two records, with its name for people.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The name.
    pub label: &'a str,
    /// The record.
    pub record: &'a Record,
}

/// The changes from one record to another.
#[derive(Debug)]
pub struct Changes<'a> {
    /// The record that is compared with.
    pub old: Side<'a>,
    /// The other record.
    pub new: Side<'a>,
    /// The loads that both hold, in the order of the old record.
    pub loads: Vec<LoadChanges<'a>>,
    /// Results of each record that the other has no counterpart for: the old one, the new one.
    pub left_out: [Vec<&'a Cell>; 2],
}

/// The changes under one load.
#[derive(Debug)]
pub struct LoadChanges<'a> {
    /// The servers that both records measured under it; at least one.
    pub servers: Vec<ServerChanges<'a>>,
}

/// The changes of one server under one load.
#[derive(Debug)]
pub struct ServerChanges<'a> {
    /// Its summary in the old record.
    pub old: Summary<'a>,
    /// Its summary in the new record.
    pub new: Summary<'a>,
    /// One entry per figure that this load has.
    pub changes: Vec<Change>,
}

/// The change of one figure.
#[derive(Debug)]
pub struct Change {
    /// The figure.
    pub figure: &'static ChangedFigure,
    /// Its value in the old record.
    pub old: Value,
    /// Its value in the new record.
    pub new: Value,
    /// New / old; `None` if one of them is marked or unknown.
    pub ratio: Option<ChangeRatio>,
}

/// The ratio of two medians, new / old.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeRatio {
    /// The ratio of the medians.
    pub of_medians: f64,
    /// From lowest new / highest old to highest new / lowest old; `None` if each side has one
    /// trial only, or if a trial's value is not known.
    pub range: Option<(f64, f64)>,
}

impl<'a> Changes<'a> {
    /// The changes from `old` to `new`.
    pub fn between(old: Side<'a>, new: Side<'a>) -> Changes<'a> {
        let mut changes = Changes {
            old,
            new,
            loads: Vec::new(),
            left_out: [Vec::new(), Vec::new()],
        };
        for cell in measured(old.record) {
            let counterpart = measured(new.record).find(|other| is_counterpart(cell, other));
            match counterpart.and_then(|other| ServerChanges::of(cell, other)) {
                Some(server) => changes.add(server),
                None => changes.left_out[0].push(cell),
            }
        }
        let has_none =
            |cell: &&Cell| !measured(old.record).any(|other| is_counterpart(other, cell));
        changes.left_out[1] = measured(new.record).filter(has_none).collect();
        changes
    }

    fn add(&mut self, server: ServerChanges<'a>) {
        let is_same = |load: &&mut LoadChanges<'a>| is_same_load(load.cell(), server.old.cell);
        match self.loads.iter_mut().find(is_same) {
            Some(load) => load.servers.push(server),
            None => self.loads.push(LoadChanges {
                servers: vec![server],
            }),
        }
    }

    /// The servers under all loads.
    pub fn servers(&self) -> impl Iterator<Item = &ServerChanges<'a>> {
        self.loads.iter().flat_map(|load| &load.servers)
    }
}

impl<'a> LoadChanges<'a> {
    /// A cell of the old record with this load.
    pub fn cell(&self) -> &'a Cell {
        self.servers[0].old.cell
    }
}

impl<'a> ServerChanges<'a> {
    fn of(old: &'a Cell, new: &'a Cell) -> Option<ServerChanges<'a>> {
        let (old, new) = (Summary::of(old)?, Summary::of(new)?);
        let figures = ALL.iter().filter(|figure| (figure.applies)(&old.cell.load));
        let changes = figures.map(|figure| Change::of(figure, &old, &new));
        let changes = changes.collect();
        Some(ServerChanges { old, new, changes })
    }
}

impl Change {
    fn of(figure: &'static ChangedFigure, old: &Summary<'_>, new: &Summary<'_>) -> Change {
        let (old_value, new_value) = (figure.value(old), figure.value(new));
        let is_single = old.trials().len() == 1 && new.trials().len() == 1;
        let ratio = ratio(&old_value, &new_value).map(|ratio| ChangeRatio {
            range: ratio.range.filter(|_| !is_single),
            ..ratio
        });
        Change {
            figure,
            old: old_value,
            new: new_value,
            ratio,
        }
    }

    /// Whether the values of the two records do not overlap.
    pub fn is_apart(&self) -> bool {
        let range = self.ratio.and_then(|ratio| ratio.range);
        range.is_some_and(|(low, high)| low > 1.0 || high < 1.0)
    }
}

fn ratio(old: &Value, new: &Value) -> Option<ChangeRatio> {
    if old.mark.is_some() || new.mark.is_some() {
        return None;
    }
    let (old_median, new_median) = (old.median?, new.median?);
    // Zero has no ratio.
    if old_median <= 0.0 || new_median <= 0.0 {
        return None;
    }
    let range = old.range.zip(new.range);
    let range = range.map(|(old, new)| (new.0 / old.1, new.1 / old.0));
    Some(ChangeRatio {
        of_medians: new_median / old_median,
        range: range.filter(|(low, high)| *low > 0.0 && high.is_finite()),
    })
}

/// The cells that have a trial.
fn measured(record: &Record) -> impl Iterator<Item = &Cell> {
    record.cells.iter().filter(|cell| !cell.trials.is_empty())
}

/// Whether both are of the same server under the same load. Its options may differ.
fn is_counterpart(one: &Cell, other: &Cell) -> bool {
    let of = |cell: &Cell| (cell.contestant.kind, cell.contestant.role);
    of(one) == of(other) && one.contestant.name == other.contestant.name && is_same_load(one, other)
}

fn is_same_load(one: &Cell, other: &Cell) -> bool {
    // The same rate is the same load, also if it was derived from other pilots.
    let load = |cell: &Cell| LoadSpec {
        rate_share: None,
        ..cell.load.clone()
    };
    one.scenario == other.scenario && load(one) == load(other)
}
