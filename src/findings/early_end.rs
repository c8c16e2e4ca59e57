//! The sentence about a run that was ended early.

use super::units::span;
use crate::record::{Cell, Record, Trial};

/// What a record of a run that was ended early contains; `None` if the run was not.
pub(crate) fn early_end(record: &Record) -> Option<String> {
    if !record.interrupted {
        return None;
    }
    let Some((cell, trial)) = interrupted_trial(record) else {
        return Some("Ended early: only completed trials are shown.".to_owned());
    };
    let counts = cell.counted_trials().iter().any(|trial| trial.interrupted);
    let use_of_it = if !record.searches.is_empty() {
        "the search does not use it"
    } else if counts {
        "its figures are marked"
    } else {
        "the figures are of the complete trials before it"
    };
    Some(format!(
        "Ended early by Ctrl-C: the last trial has {}; {use_of_it}.",
        measured_part(cell, trial)
    ))
}

/// The measured part of a trial's window: `3.5 s of 5 s`.
pub(crate) fn measured_part(cell: &Cell, trial: &Trial) -> String {
    let planned_s = cell.load.duration.as_secs_f64();
    format!(
        "{} of {}",
        span(trial.window_s(&cell.load)),
        span(planned_s)
    )
}

fn interrupted_trial(record: &Record) -> Option<(&Cell, &Trial)> {
    let cells = record.cells.iter();
    let trials = cells.flat_map(|cell| cell.trials.iter().map(move |trial| (cell, trial)));
    trials
        .filter(|(_, trial)| trial.interrupted)
        .max_by_key(|(_, trial)| trial.order)
}
