//! Measuring: a matrix of cells becomes trials in random interleaved order,
//! and these become a record. Nothing here prints.

mod assemble;
mod doubts;
mod judge;
mod load_info;
mod overload;
pub mod pairs;
pub mod pilot;
mod plan;
mod rounds;
pub mod search;
pub mod seek;
mod siege;
mod trial;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::cpus::Cpus;
use crate::error::Error;
use crate::harness::{Contestant, ReadyBy};
use crate::hostile::Attack;
use crate::load::{Live, Load};
use crate::record::{Cell, CheckInfo, ContestantInfo, Pilot, SearchInfo};

pub use plan::{Before, Plan};
pub use rounds::measure;

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

    /// Whether both are the same contestant under the same load.
    pub fn is_twin_of(&self, other: &Seat) -> bool {
        (self.info.kind, self.name()) == (other.info.kind, other.name())
            && self.is_compared_with(other)
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
