//! Measuring: a matrix of cells becomes trials in random interleaved order,
//! and these become a record. Nothing here prints.

mod assemble;
mod doubts;
mod judge;
mod load_info;
mod overload;
pub mod pairs;
pub mod pilot;
pub mod search;
pub mod seek;
mod siege;
mod trial;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::cpus::Cpus;
use crate::error::Error;
use crate::harness::{Contestant, ReadyBy};
use crate::hostile::Attack;
use crate::load::pacer::Schedule;
use crate::load::{Live, Load};
use crate::record::{Cell, CheckInfo, ContestantInfo, Pilot, SearchInfo};

/// What starting and stopping a server takes, for the estimate of a run's time.
const AROUND_A_TRIAL: Duration = Duration::from_millis(120);

/// Who is measured.
#[derive(Debug, Clone)]
pub enum Entrant {
    /// A server that is started anew for each trial.
    Server(Contestant),
    /// A command of any language, started anew for each trial.
    Exec(Exec),
    /// One that runs already.
    Target(SocketAddr),
}

/// A command that starts a server at the port that stands for `{port}` in its words.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The program and its arguments; no shell is asked.
    pub words: Vec<String>,
    /// How long it may take to stop when asked.
    pub drain: Duration,
    /// The cores that it is kept on; `None` is all.
    pub cpus: Option<Cpus>,
}

impl Exec {
    /// What is replaced by the port.
    pub const PORT: &'static str = "{port}";

    /// The contestant at a port that is free now: a new one each time, since the
    /// last one's connections may bar it for a while.
    fn contestant(&self, name: &str) -> io::Result<Contestant> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let port = address.port().to_string();
        let command = self
            .words
            .iter()
            .map(|word| word.replace(Exec::PORT, &port).into());
        Ok(Contestant {
            name: name.to_owned(),
            command: command.collect(),
            ready: ReadyBy::Accepting(address),
            drain: self.drain,
            cpus: self.cpus.clone(),
            show_stderr: false,
        })
    }
}

/// One cell of the matrix: an entrant under a load.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Who.
    pub entrant: Entrant,
    /// As it goes into the record; what the server resolves itself is filled in from its ready line.
    pub info: ContestantInfo,
    /// The load; its target is filled in when the server listens.
    pub load: Load,
    /// The name of the case, if the load is one of several that are told apart by more than it.
    pub scenario: Option<String>,
    /// What goes on beside the load.
    pub attack: Option<&'static Attack>,
    /// Where the load's rates are shares of what contestants can do.
    pub offer: Option<pilot::Offer>,
}

impl Seat {
    /// The contestant's name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether both meet the same load.
    fn is_compared_with(&self, other: &Seat) -> bool {
        self.scenario == other.scenario
            && self.offer == other.offer
            && load_info::of(&self.load) == load_info::of(&other.load)
    }

    /// About how long a trial takes.
    fn time(&self) -> Duration {
        self.load.warmup + self.load.duration + AROUND_A_TRIAL
    }

    /// Its cell, without trials.
    fn cell(&self) -> Cell {
        Cell {
            contestant: self.info.clone(),
            scenario: self.scenario.clone(),
            load: load_info::of(&self.load),
            trials: Vec::new(),
        }
    }
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The matrix.
    pub seats: Vec<Seat>,
    /// Rounds; each seat has one trial in each.
    pub rounds: usize,
    /// What the order within rounds is drawn from.
    pub seed: u64,
    /// What an earlier run of the same plan has measured already.
    pub before: Before,
}

/// What an interrupted run has measured.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Its pilots.
    pub pilots: Vec<Pilot>,
}

impl Plan {
    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.seats.len() * self.rounds
    }

    /// About how long it takes from trial `from` on.
    pub fn time_left(&self, from: usize) -> Duration {
        let one_round: Duration = self.seats.iter().map(Seat::time).sum();
        let left = self.trials().saturating_sub(from) as f64 / self.seats.len().max(1) as f64;
        one_round.mul_f64(left)
    }

    /// The seats in the order in which they have their trials, with their rounds: a
    /// fresh shuffle each round, so that a slow minute of the machine does not
    /// always meet the same one. Those of one load, which are set against each
    /// other, have theirs next to each other.
    pub fn order(&self) -> Vec<(usize, usize)> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut order = Vec::with_capacity(self.trials());
        let mut blocks = self.blocks();
        for round in 0..self.rounds {
            random.shuffle(&mut blocks);
            for block in &mut blocks {
                random.shuffle(block);
                order.extend(block.iter().map(|seat| (round, *seat)));
            }
        }
        order
    }

    /// The seats, those of one load together.
    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (at, seat) in self.seats.iter().enumerate() {
            let fellow = |block: &&mut Vec<usize>| self.seats[block[0]].is_compared_with(seat);
            match blocks.iter_mut().find(fellow) {
                Some(block) => block.push(at),
                None => blocks.push(vec![at]),
            }
        }
        blocks
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Trials that are done.
    pub index: usize,
    /// All there will be; of a search, about.
    pub of: usize,
    /// About how long the rest takes.
    pub left: Duration,
}

/// Looks on while it is measured, and may end it.
pub trait Watch {
    /// A trial begins.
    fn trial_begins(&mut self, seat: &Seat, place: Place);

    /// How the trial is going.
    fn live(&mut self, live: Live, elapsed: Duration);

    /// Waits for at most so long; true to end the run.
    ///
    /// # Errors
    /// When waiting fails.
    fn wait(&mut self, most: Duration) -> std::io::Result<bool>;

    /// A trial is over, and this is what there is so far.
    fn trial_ended(&mut self, _so_far: &Outcome) {}
}

/// What was measured, be it all that was planned or not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The cells with the trials that are complete.
    pub cells: Vec<Cell>,
    /// The searches, as far as they came.
    pub searches: Vec<SearchInfo>,
    /// What a check showed.
    pub check: Option<CheckInfo>,
    /// What pilots found.
    pub pilots: Vec<Pilot>,
    /// What was planned and could not be measured, and why.
    pub left_out: Vec<String>,
    /// Whether the run was ended from outside.
    pub interrupted: bool,
    /// What went wrong, if anything did.
    pub error: Option<Error>,
}

impl Outcome {
    /// What there is of it now, to be kept.
    pub fn so_far(&self) -> Outcome {
        Outcome {
            cells: self.cells.clone(),
            pilots: self.pilots.clone(),
            left_out: self.left_out.clone(),
            ..Outcome::default()
        }
    }
}

/// Carries out the plan.
///
/// What was complete when it was interrupted or failed is in the outcome.
pub fn measure(plan: &Plan, watch: &mut dyn Watch) -> Outcome {
    let mut outcome = Outcome::default();
    let measured = reach_targets(&plan.seats)
        .and_then(|()| pilot::settle(plan, &mut outcome, watch))
        .and_then(|seats| match seats {
            Some(seats) => trials(
                &Plan {
                    seats,
                    ..plan.clone()
                },
                &mut outcome,
                watch,
            ),
            None => Ok(false),
        });
    match measured {
        Ok(complete) => outcome.interrupted = !complete,
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

/// All trials that an earlier run has not done; false when the watch ends it.
fn trials(plan: &Plan, outcome: &mut Outcome, watch: &mut dyn Watch) -> Result<bool, Error> {
    outcome.cells = resumed(plan)?;
    let order: Vec<(usize, (usize, usize))> = plan.order().into_iter().enumerate().collect();
    let done = |(_, (round, at)): &&(usize, (usize, usize))| {
        let mut trials = outcome.cells[*at].trials.iter();
        trials.all(|trial| trial.round != *round)
    };
    let open: Vec<_> = order.iter().filter(done).copied().collect();
    let mut pace = Pace::new(plan, open.len());
    for (order, (round, at)) in open {
        let seat = &plan.seats[at];
        let place = Place {
            index: order,
            of: plan.trials(),
            left: pace.left(),
        };
        watch.trial_begins(seat, place);
        // All contestants of a round meet the same plan of requests.
        let mut load = seat.load.clone();
        load.schedule = load.schedule.map(|schedule| Schedule {
            seed: plan.seed.wrapping_add(round as u64),
            ..schedule
        });
        let Some((mut trial, resolved)) = trial::run(seat, &load, watch)? else {
            return Ok(false);
        };
        (trial.order, trial.round) = (order, round);
        outcome.cells[at].trials.push(trial);
        outcome.cells[at].contestant.options = resolved;
        pace.trial_ended();
        watch.trial_ended(outcome);
    }
    Ok(true)
}

/// How long the rest takes, as the trials so far have shown: one with clients that are not
/// served takes longer than its window.
struct Pace {
    planned_each: Duration,
    done: u32,
    open: u32,
    begun: Instant,
}

impl Pace {
    fn new(plan: &Plan, open: usize) -> Pace {
        let all = u32::try_from(plan.trials()).unwrap_or(u32::MAX).max(1);
        Pace {
            planned_each: plan.time_left(0) / all,
            done: 0,
            open: u32::try_from(open).unwrap_or(u32::MAX),
            begun: Instant::now(),
        }
    }

    fn trial_ended(&mut self) {
        self.done += 1;
    }

    fn left(&self) -> Duration {
        // The first few say little.
        const FEW: u32 = 6;
        let each = if self.done < FEW {
            self.planned_each
        } else {
            self.begun.elapsed() / self.done
        };
        each * self.open.saturating_sub(self.done)
    }
}

/// The cells of the plan with what an earlier run has measured.
fn resumed(plan: &Plan) -> Result<Vec<Cell>, Error> {
    let mut cells: Vec<Cell> = plan.seats.iter().map(Seat::cell).collect();
    for before in plan
        .before
        .cells
        .iter()
        .filter(|cell| !cell.trials.is_empty())
    {
        let who = |cell: &Cell| (cell.contestant.kind, cell.contestant.name.clone());
        let same = |cell: &&mut Cell| {
            who(cell) == who(before) && cell.scenario == before.scenario && cell.load == before.load
        };
        let Some(cell) = cells.iter_mut().find(same) else {
            let (name, clients) = (&before.contestant.name, before.load.clients);
            let why = format!(
                "it holds {name} with {clients} clients, which its command would not measure now"
            );
            return Err(Error::Resume { why });
        };
        cell.trials.clone_from(&before.trials);
        cell.contestant.clone_from(&before.contestant);
    }
    Ok(cells)
}

/// Whether somebody answers at all targets, before any time is spent on others.
fn reach_targets(seats: &[Seat]) -> Result<(), Error> {
    let targets = seats.iter().filter_map(|seat| match &seat.entrant {
        Entrant::Target(target) => Some((*target, seat.load.connect_timeout)),
        _ => None,
    });
    for (target, timeout) in targets {
        TcpStream::connect_timeout(&target, timeout)
            .map_err(|source| Error::Target { target, source })?;
    }
    Ok(())
}
