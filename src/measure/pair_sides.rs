//! Runs both sides of a check under one load, each with a fresh server.

use std::time::Instant;

use super::case::Case;
use super::observer::{Observer, RunProgress};
use super::pair_errors::failure_of;
use super::pair_plan::PairPlan;
use super::short_starts::short;
use super::trial;
use super::trial_times::TrialTimes;
use crate::check::{ComparedMetric, PartPairs, Side, load_pair};
use crate::error::Error;
use crate::record::{Cell, LoadKind, LoadPair, Trial};

/// The sides of all parts, and what is known of them.
pub(super) struct Sides<'a> {
    plan: &'a PairPlan,
    /// For each part and load the baseline's cell, then the candidate's.
    cells: Vec<Cell>,
    /// The places of the cells of each load of each part.
    places: Vec<Vec<[usize; 2]>>,
    /// The times of a trial, by cell.
    times: TrialTimes,
    /// Whether the server of a cell has been ready once.
    has_started: Vec<bool>,
    /// Trials so far.
    order: usize,
}

/// Which load of which pair is measured, and in which order.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) part: usize,
    pub(super) load: usize,
    /// The number of the pair.
    pub(super) pair: usize,
    /// For an added start how many the pair has before it, else 0.
    pub(super) added: usize,
    pub(super) candidate_first: bool,
}

/// Which trial of a load is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// One that is measured.
    Whole,
    /// One that only shows whether the server fails.
    Short,
}

/// A trial of a side, before its pair is complete.
pub(super) struct Measured {
    pub(super) cell: usize,
    pub(super) side: Side,
}

/// Both sides under one load, baseline first.
pub(super) struct Both {
    candidate_first: bool,
    pub(super) sides: Vec<Measured>,
}

impl Both {
    /// The figures of these metrics, and the failures.
    pub(super) fn compared(&self, metrics: &[ComparedMetric], kind: LoadKind) -> LoadPair {
        let sides = [&self.sides[0].side, &self.sides[1].side];
        load_pair(metrics, kind, self.candidate_first, sides)
    }
}

/// The progress before a trial of a cell, after this number of trials of the same load.
type Progress<'p> = &'p dyn Fn(&Sides<'_>, usize, usize) -> RunProgress;

impl<'a> Sides<'a> {
    pub(super) fn new(plan: &'a PairPlan, parts: &[PartPairs]) -> Sides<'a> {
        let mut has_started = vec![false; plan.all_cases().count()];
        // Its pilot has measured it.
        let piloted = parts.iter().flat_map(|part| &part.loads);
        for load in piloted.filter(|load| load.pilot_rps.is_some()) {
            has_started[load.cells[0]] = true;
        }
        let places = |part: &PartPairs| part.loads.iter().map(|load| load.cells).collect();
        Sides {
            plan,
            cells: plan.all_cases().map(Case::cell).collect(),
            places: parts.iter().map(places).collect(),
            times: TrialTimes::new(plan.all_cases().map(Case::time)),
            has_started,
            order: 0,
        }
    }

    /// Takes the cells of an earlier piece of the check.
    pub(super) fn continue_from(&mut self, cells: &[Cell]) {
        self.cells = cells.to_vec();
        let has_trials = cells.iter().map(|cell| !cell.trials.is_empty());
        self.has_started = has_trials.collect();
        let trials = cells.iter().flat_map(|cell| &cell.trials);
        self.order = trials.map(|trial| trial.order + 1).max().unwrap_or(0);
    }

    /// The cells, with the trials of complete pairs.
    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The times of a trial, by cell.
    pub(super) fn times(&self) -> &TrialTimes {
        &self.times
    }

    /// The number of trials so far.
    pub(super) fn trials(&self) -> usize {
        self.order
    }

    /// Keeps a trial of a complete pair.
    pub(super) fn keep(&mut self, cell: usize, trial: Trial) {
        self.cells[cell].trials.push(trial);
    }

    /// Measures both sides. `None`: the observer ends the run.
    ///
    /// # Errors
    /// Where the reason is not the server's, or a server that has never been ready cannot be
    /// started at all.
    pub(super) fn both(
        &mut self,
        at: At,
        length: Length,
        progress: Progress<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Both>, Error> {
        let order = [at.candidate_first, !at.candidate_first];
        let mut sides: Vec<(bool, Measured)> = Vec::with_capacity(2);
        for (done, is_candidate) in order.into_iter().enumerate() {
            let cell = self.places[at.part][at.load][usize::from(is_candidate)];
            let progress = progress(self, cell, done);
            match self.side(at, is_candidate, length, progress, observer)? {
                Some(side) => sides.push((is_candidate, Measured { cell, side })),
                None => return Ok(None),
            }
        }
        sides.sort_by_key(|(is_candidate, _)| *is_candidate);
        Ok(Some(Both {
            candidate_first: at.candidate_first,
            sides: sides.into_iter().map(|(_, measured)| measured).collect(),
        }))
    }

    fn side(
        &mut self,
        at: At,
        is_candidate: bool,
        length: Length,
        progress: RunProgress,
        observer: &mut dyn Observer,
    ) -> Result<Option<Side>, Error> {
        let whole = self.plan.parts[at.part].loads[at.load].side(is_candidate);
        let case = match length {
            Length::Whole => whole.clone(),
            Length::Short => short(whole),
        };
        let side = usize::from(is_candidate);
        let cell = self.places[at.part][at.load][side];
        observer.trial_begins(&case, progress);
        let begun = Instant::now();
        // Both sides of a pair get the same plan of requests.
        let seed = self.plan.seed.wrapping_add((at.pair + at.added) as u64);
        let measured = trial::run(&case, seed, observer);
        self.order += 1;
        let measured = match measured {
            Ok(Some(run)) if run.ends_run => return Ok(None),
            Ok(None) => return Ok(None),
            Ok(Some(run)) => {
                self.has_started[cell] = true;
                self.cells[cell].contestant.options = run.options;
                Ok(Trial {
                    order: self.order - 1,
                    round: at.pair,
                    ..run.trial
                })
            }
            Err(error) => {
                // Whatever the load, it is the same server.
                let mut loads = self.places[at.part].iter();
                let has_started = loads.any(|cells| self.has_started[cells[side]]);
                Err(failure_of(error, is_candidate, has_started)?)
            }
        };
        if length == Length::Whole {
            self.times.add(cell, begun.elapsed());
        }
        Ok(Some(measured))
    }
}
