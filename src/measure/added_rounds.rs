//! Rounds that are added while an order is undecided and there is time.
//!
//! A round of a load has one trial of each of its servers. Only loads with an undecided order get
//! one. Stopping because of the results is honest because such records are read with intervals that
//! hold at any number of rounds (`stats::anytime`).

use std::time::{Duration, Instant};

use super::running::{Ran, Running};
use crate::error::Error;
use crate::findings::Summary;
use crate::findings::ranking::is_undecided;
use crate::record::Cell;

/// Adds rounds until every order is decided or the next one would end after `end`. Returns false
/// when the observer ends the run.
pub(super) fn add(running: &mut Running<'_>, end: Instant) -> Result<bool, Error> {
    // A resumed run draws other orders than the run before it.
    let trials = trials(running) as u64;
    let mut random = fastrand::Rng::with_seed(running.plan.seed.wrapping_add(1 + trials));
    loop {
        let mut blocks = running.plan.blocks();
        blocks.retain(|block| is_open(&running.outcome.cells, block));
        random.shuffle(&mut blocks);
        let mut has_run = false;
        for mut block in blocks {
            let round = next_round(&running.outcome.cells, &block);
            random.shuffle(&mut block);
            block.retain(|at| trials_in(&running.outcome.cells[*at], round) == 0);
            let time: Duration = block.iter().map(|at| running.times.of(*at)).sum();
            if Instant::now() + time > end {
                continue;
            }
            has_run = true;
            if !run_round(running, &block, round)? {
                return Ok(false);
            }
        }
        if !has_run {
            return Ok(true);
        }
    }
}

/// Runs this round of these cases. Returns false when the observer ends the run.
fn run_round(running: &mut Running<'_>, block: &[usize], round: usize) -> Result<bool, Error> {
    for (done, at) in block.iter().enumerate() {
        let order = trials(running);
        let index = running.outcome.pilots_done() + order;
        let left = block[done..].iter().copied();
        let progress = running.progress(index, index + block.len() - done, left);
        if running.trial((order, round, *at), progress)? != Ran::Complete {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The number of trials so far.
fn trials(running: &Running<'_>) -> usize {
    let cells = running.outcome.cells.iter();
    cells.map(|cell| cell.trials.len()).sum()
}

/// Whether the servers of these cases have an undecided order.
fn is_open(cells: &[Cell], block: &[usize]) -> bool {
    let summaries = block.iter().filter_map(|at| Summary::of(&cells[*at]));
    is_undecided(&summaries.collect::<Vec<_>>())
}

/// The first round that not all of these cases have: a run that is resumed completes a round first.
fn next_round(cells: &[Cell], block: &[usize]) -> usize {
    let next = |at: &usize| {
        let rounds = cells[*at].trials.iter().map(|trial| trial.round + 1);
        rounds.max().unwrap_or(0)
    };
    block.iter().map(next).min().unwrap_or(0)
}

/// The number of trials of this cell in this round.
fn trials_in(cell: &Cell, round: usize) -> usize {
    let of_round = cell.trials.iter().filter(|trial| trial.round == round);
    of_round.count()
}
