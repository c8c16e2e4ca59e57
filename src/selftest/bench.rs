//! Runs trials of servers of known behaviour with the normal trial function.

use std::io;
use std::time::Duration;

use super::known_trial::{KnownTrial, SEED, Tried};
use super::servers::{KnownServer, arrivals_ns};
use crate::attack::AttackMode;
use crate::error::Error;
use crate::load::{DRAIN, GeneratorConfig, LoadPart};
use crate::measure::trial::{Adjust, run_adjusted};
use crate::measure::{Bound, Case, Observer, Purpose, RunProgress, ServerSpec};
use crate::process::RunningServer;
use crate::protocol::{DEFAULT_MAX_FRAME_BYTES, REPLY_SLACK_BYTES};
use crate::record::{ServerIdentity, ServerKind, ServerOptions};

/// Why a try has no result.
#[derive(Debug)]
pub enum Halt {
    /// The observer ended the run.
    Ended,
    /// A server or a load could not be run.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Failed(error)
    }
}

/// Where trials are run.
pub struct Bench<'a> {
    /// Receives the progress.
    pub observer: &'a mut dyn Observer,
    /// Changes the readings of each trial: nothing, except in tests, which build faults in.
    pub adjust: &'a mut Adjust<'a>,
}

/// The progress of the whole self-test before a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) index: usize,
    pub(super) of: usize,
    pub(super) left: Duration,
}

impl Bench<'_> {
    /// Runs one trial for a check.
    pub(super) fn run(
        &mut self,
        check: &str,
        known: &KnownTrial,
        position: Position,
    ) -> Result<Tried, Halt> {
        let program = known.server.program().map_err(Error::Load)?;
        let mut case = case(check, known, ServerSpec::Server(program.clone()));
        let progress = RunProgress {
            index: position.index,
            of: position.of,
            left: position.left,
            trial: case.time(),
            bound: Bound::About,
            purpose: Purpose::Measure,
        };
        self.observer.trial_begins(&case, progress);
        // The arrivals are asked for after the trial, so the server must outlive it.
        let mut kept = None;
        if known.server.keeps_arrivals {
            let server = RunningServer::start(&program)?;
            case.server_spec = ServerSpec::Target(server.address());
            kept = Some(server);
        }
        let run = run_adjusted(&case, SEED, self.observer, self.adjust)?;
        let trial = match run {
            Some(run) if !run.ends_run => run.trial,
            _ => return Err(Halt::Ended),
        };
        let mut arrivals = Vec::new();
        if let Some(server) = kept {
            arrivals = arrivals_ns(server.address()).map_err(|error| no_answer(&error))?;
            server.stop()?;
        }
        Ok(Tried {
            known: known.clone(),
            trial,
            arrivals_ns: arrivals,
        })
    }
}

fn no_answer(error: &io::Error) -> Error {
    Error::Load(io::Error::new(
        error.kind(),
        format!("the server of known behaviour does not return its arrivals: {error}"),
    ))
}

/// How long a trial takes.
pub(super) fn time(known: &KnownTrial) -> Duration {
    // Only the estimate matters, and it is the same for each address.
    let nowhere = ServerSpec::Target(([127, 0, 0, 1], 0).into());
    case("", known, nowhere).time() + DRAIN.mul_f64(0.02)
}

fn case(check: &str, known: &KnownTrial, server_spec: ServerSpec) -> Case {
    let KnownServer { name, .. } = known.server;
    Case {
        server_spec,
        info: ServerIdentity {
            kind: ServerKind::Model,
            name: (*name).to_owned(),
            command: None,
            options: ServerOptions::default(),
            role: None,
        },
        label: (*name).to_owned(),
        load: known.load.clone(),
        generator: GeneratorConfig {
            threads: 1,
            drain: DRAIN,
            max_frame_bytes: DEFAULT_MAX_FRAME_BYTES + REPLY_SLACK_BYTES,
            part: LoadPart::WHOLE,
            start_at: None,
        },
        scenario: Some(check.to_owned()),
        attack_mode: AttackMode::Off,
        rate_spec: None,
        peers: None,
    }
}
