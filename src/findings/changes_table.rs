//! The table of changes between two records as text without layout, the same in all formats.

use super::changed_figures::{Mark, Value};
use super::changes::{Change, Changes, LoadChanges, ServerChanges, Side};
use super::load_line::load_line;
use super::units::{count, some};

/// The columns of the table. The first two are text.
pub(crate) const HEAD: [&str; 6] = ["server", "figure", "OLD", "NEW", "NEW/OLD", "range"];

/// Where there are more rows, a short form of the table shows only those that stand out.
const MOST_ROWS: usize = 40;

/// The rows under one load.
pub(crate) struct LoadRows {
    /// The scenario and the load.
    pub(crate) heading: String,
    /// Never empty.
    pub(crate) rows: Vec<[String; HEAD.len()]>,
}

/// A table of bounded length.
pub(crate) struct ShortTable {
    pub(crate) loads: Vec<LoadRows>,
    /// Which rows it leaves out, if any.
    pub(crate) leaves_out: Option<String>,
}

/// The whole table.
pub(crate) fn table(changes: &Changes<'_>) -> Vec<LoadRows> {
    selected(changes, |_| true)
}

/// The table if it is short, else the rows whose ranges do not contain 1.
pub(crate) fn short_table(changes: &Changes<'_>) -> ShortTable {
    let all: usize = changes.servers().map(|server| server.changes.len()).sum();
    if all <= MOST_ROWS {
        return ShortTable {
            loads: table(changes),
            leaves_out: None,
        };
    }
    let mut loads = selected(changes, Change::is_apart);
    let apart: usize = loads.iter().map(|load| load.rows.len()).sum();
    let mut left = MOST_ROWS;
    for load in &mut loads {
        load.rows.truncate(left);
        left -= load.rows.len();
    }
    loads.retain(|load| !load.rows.is_empty());
    let shown = match apart {
        0 => "none has a range without 1".to_owned(),
        apart if apart <= MOST_ROWS => {
            format!("shown are the {apart} whose range does not contain 1")
        }
        apart => format!("shown are {MOST_ROWS} of the {apart} whose range does not contain 1"),
    };
    ShortTable {
        loads,
        leaves_out: Some(format!(
            "{} figures are compared; {shown}.",
            count(all as u64)
        )),
    }
}

fn selected(changes: &Changes<'_>, is_shown: impl Fn(&Change) -> bool) -> Vec<LoadRows> {
    let rows = |load: &LoadChanges<'_>| {
        let of_server = |server: &ServerChanges<'_>| {
            let shown = server.changes.iter().filter(|change| is_shown(change));
            shown.map(|change| row(server, change)).collect::<Vec<_>>()
        };
        LoadRows {
            heading: heading(load, changes.new),
            rows: load.servers.iter().flat_map(of_server).collect(),
        }
    };
    let loads = changes.loads.iter().map(rows);
    loads.filter(|load| !load.rows.is_empty()).collect()
}

/// The scenario and the load; the number of trials is that of the old record.
fn heading(load: &LoadChanges<'_>, new: Side<'_>) -> String {
    let cell = load.cell();
    let scenario = cell.scenario.as_ref().map(|name| format!("{name}: "));
    let trials = load.servers[0].new.trials().len();
    let other_number = (trials != cell.trials.len())
        .then(|| format!("; in {} {}", new.label, some(trials as u64, "trial")));
    format!(
        "{}{}{}",
        scenario.unwrap_or_default(),
        load_line(cell),
        other_number.unwrap_or_default()
    )
}

fn row(server: &ServerChanges<'_>, change: &Change) -> [String; HEAD.len()] {
    let role = server.old.cell.contestant.role;
    let role = role.map_or(String::new(), |role| format!(" {role}"));
    let is_single = server.old.trials().len() == 1 && server.new.trials().len() == 1;
    let (ratio, range) = match change.ratio {
        None => ("–".to_owned(), no_ratio(change)),
        Some(ratio) => (
            times(ratio.of_medians),
            match ratio.range {
                Some((low, high)) => format!("{} to {}", times(low), times(high)),
                None if is_single => "one trial: no range".to_owned(),
                None => "not known".to_owned(),
            },
        ),
    };
    [
        format!("{}{role}", server.old.name()),
        change.figure.name.to_owned(),
        value(change, &change.old),
        value(change, &change.new),
        ratio,
        range,
    ]
}

/// With a third decimal near 1, so that it shows on which side of 1 a ratio is.
fn times(ratio: f64) -> String {
    let is_near = ratio != 1.0 && (0.995..1.005).contains(&ratio);
    match is_near {
        true => format!("{ratio:.3}×"),
        false => format!("{ratio:.2}×"),
    }
}

fn value(change: &Change, value: &Value) -> String {
    let Some(median) = value.median else {
        return match value.mark {
            Some(Mark::Starved) => "starved".to_owned(),
            _ => "–".to_owned(),
        };
    };
    let text = (change.figure.text)(median);
    match value.mark {
        Some(Mark::GeneratorLimited) => format!("≥ {text}"),
        Some(Mark::LowerBound) => format!(">{text}"),
        _ => text,
    }
}

/// Why there is no ratio.
fn no_ratio(change: &Change) -> String {
    match (change.old.mark, change.new.mark) {
        (Some(old), Some(new)) if old == new => mark(old),
        (Some(old), Some(new)) => format!("OLD {}; NEW {}", mark(old), mark(new)),
        (Some(old), None) => format!("OLD {}", mark(old)),
        (None, Some(new)) => format!("NEW {}", mark(new)),
        (None, None) => "a value is 0".to_owned(),
    }
}

fn mark(mark: Mark) -> String {
    match mark {
        Mark::Unserved { served, asked } => format!("served {served} of {asked}"),
        Mark::Starved => "starved".to_owned(),
        Mark::Invalid => "invalid trials".to_owned(),
        Mark::OverCapacity => "over capacity".to_owned(),
        Mark::GeneratorLimited => "generator-limited".to_owned(),
        Mark::LowerBound => "lower bound".to_owned(),
        Mark::TooFewSamples => "too few samples".to_owned(),
        Mark::NotMeasured => "not measured".to_owned(),
    }
}
