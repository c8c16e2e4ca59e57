//! Runs over a cluster at the command line: which commands they allow, and how a task becomes one.

use std::cell::Cell;
use std::rc::Rc;

use super::Command;
use super::measure_task::Task;
use super::output::say;
use super::usage::UsageError;
use crate::cli::args::ranks::{RanksArgs, has_clients_for};
use crate::cluster::started_by::StartedBy;
use crate::measure::{Case, Peers, ServerSpec};

/// The other ranks of this run, if an engine has started several.
#[derive(Debug)]
pub(crate) struct Ranks {
    peers: Option<Rc<dyn Peers>>,
    is_one_host: bool,
    was_interrupted: Cell<bool>,
}

impl Ranks {
    /// This process was started alone.
    pub(crate) fn alone() -> Ranks {
        Ranks {
            peers: None,
            is_one_host: true,
            was_interrupted: Cell::new(false),
        }
    }

    /// This process leads the others.
    #[cfg(feature = "mpi")]
    pub(crate) fn led_by(leader: &Rc<crate::cluster::leader::Leader>) -> Ranks {
        if let Some(bound) = leader.bound_to_cores() {
            say(&format!("rpcbench: warning: {bound}"));
        }
        let peers: Rc<dyn Peers> = Rc::clone(leader) as Rc<dyn Peers>;
        Ranks {
            peers: Some(peers),
            is_one_host: leader.is_one_host(),
            was_interrupted: Cell::new(false),
        }
    }

    /// Notes that a signal has ended the run: the engine ends all ranks, one of which has died.
    pub(crate) fn interrupted(&self) {
        self.was_interrupted.set(true);
        if self.peers.is_some() {
            say(
                "rpcbench: a rank has ended, or the run was stopped: the engine's own message names the \
                 rank; this is the share of rank 0",
            );
        }
    }

    /// Whether a signal has ended the run.
    #[cfg(feature = "mpi")]
    pub(crate) fn was_interrupted(&self) -> bool {
        self.was_interrupted.get()
    }

    /// Refuses commands that measure on one machine only, if an engine has started several
    /// processes of them.
    pub(crate) fn refuse(&self, command: &Command) -> Result<(), UsageError> {
        let name = match command {
            Command::Check(_) => "check",
            Command::Calibrate(_) => "calibrate",
            Command::Selftest(_) => "selftest",
            Command::Torture(_) => "torture",
            _ => return Ok(()),
        };
        match StartedBy::environment() {
            Some(by) if by.rank == 0 => Err(UsageError(format!(
                "{name} does not run over a cluster, and {} is {}: start it once, without mpirun or srun",
                by.variable, by.ranks
            ))),
            Some(_) => Err(UsageError(String::new())),
            None => Ok(()),
        }
    }

    /// Refuses to measure if an engine has started several processes, and this one has no MPI.
    pub(crate) fn refuse_without_mpi(&self) -> Result<(), UsageError> {
        if self.peers.is_some() {
            return Ok(());
        }
        match StartedBy::environment() {
            None => Ok(()),
            // One message is enough.
            Some(by) if by.rank > 0 => Err(UsageError(String::new())),
            Some(by) => Err(UsageError(format!(
                "started as {} processes ({}), but this build has no MPI, so each would be a run of its own: \
                 build it with cargo build --release --features mpi (docs/cluster.md), or use --rank K/N",
                by.ranks, by.variable
            ))),
        }
    }

    /// Lets all ranks make the loads of this task.
    ///
    /// # Errors
    /// When they cannot: too few clients, or a server that other hosts cannot reach.
    pub(crate) fn join(&self, task: &mut Task, args: &RanksArgs) -> Result<(), UsageError> {
        let Some(peers) = &self.peers else {
            return Ok(());
        };
        if args.rank.is_some() {
            return Err(UsageError(
                "--rank is for runs without MPI: the engine has numbered the ranks".to_owned(),
            ));
        }
        if task.plan.warmup.is_some_and(|auto| auto.is_asked) {
            return Err(UsageError(
                "--warmup auto cannot be used over a cluster; give a time".to_owned(),
            ));
        }
        task.plan.warmup = None;
        if let Some(search) = &mut task.search {
            search.warmup = None;
        }
        let searched = task.search.iter_mut().flat_map(|search| &mut search.cases);
        for case in task.plan.cases.iter_mut().chain(searched) {
            has_clients_for(peers.part().ranks, case)?;
            self.can_be_reached(case, args)?;
            case.peers = Some(Rc::clone(peers));
        }
        Ok(())
    }

    fn can_be_reached(&self, case: &Case, args: &RanksArgs) -> Result<(), UsageError> {
        let is_started = !matches!(case.server_spec, ServerSpec::Target(_));
        if is_started && !self.is_one_host && args.listen_address.is_loopback() {
            let name = &case.label;
            return Err(UsageError(format!(
                "{name} would listen on {}, which other hosts cannot reach: give the address of rank 0's host with --listen-address",
                args.listen_address
            )));
        }
        Ok(())
    }
}
