//! What this process is in a run over a cluster.

use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::follower::Follower;
use super::leader::Leader;
use super::mpi_link::MpiLink;
use super::started_by::StartedBy;
use super::watchdog::Watchdog;
use crate::error::Error;
use crate::sys::signals;

/// The longest start of all ranks.
const START: Duration = Duration::from_secs(60);

/// What this process is in a run over a cluster.
pub(crate) enum Role {
    /// It was started alone.
    Alone,
    /// It leads the others.
    Leader(Rc<Leader>),
    /// It makes its part of each load.
    Follower(Box<Follower>),
}

impl Role {
    /// Initializes MPI if an engine has started this process as one of several.
    ///
    /// # Errors
    /// When MPI cannot be initialized, or a rank has another build.
    pub(crate) fn take() -> Result<Role, Error> {
        let Some(started) = StartedBy::environment() else {
            return Ok(Role::Alone);
        };
        if started.rank == 0 {
            // Before MPI starts its threads, which would take the signals: when a rank has died,
            // Open MPI sends SIGCONT, a second later SIGTERM and then SIGKILL to all the others.
            // Until then rank 0 saves its share.
            let all = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGCONT];
            signals::block(&all).map_err(Error::Load)?;
        }
        let watchdog = Watchdog::start(started.rank, START)?;
        let link = MpiLink::new()?;
        Ok(match (link.ranks(), link.rank()) {
            // The library belongs to another engine: each process would be a run of its own.
            (1, _) => {
                return Err(Error::Load(std::io::Error::other(format!(
                    "{} says {} processes, but this build's MPI sees one: start it with the engine of the MPI that it was built with",
                    started.variable, started.ranks
                ))));
            }
            (_, 0) => Role::Leader(Rc::new(Leader::new(link, watchdog))),
            _ => Role::Follower(Box::new(Follower::new(link, watchdog))),
        })
    }
}
