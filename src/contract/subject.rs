//! What is under test: a model of a program, or a command.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::client::Comparison;
use super::command::ServerCommand;
use super::message::request;
use super::need::Need;
use super::test_server::TestServer;
use super::traits::Traits;
use super::violation::{Checked, Violation};
use crate::error::Error;
use crate::process::{ReadyBy, ServeRequest, ServerProgram};
use crate::protocol::{DEFAULT_MAX_FRAME_BYTES, WriteMode};
use crate::server::{Limits, Settings};

/// The longest time of one attempt of a case.
pub const CASE_LIMIT: Duration = Duration::from_secs(30);

/// The limits of a server where a case sets no others.
const DEFAULT_LIMITS: Limits = Limits {
    max_frame_bytes: DEFAULT_MAX_FRAME_BYTES,
    max_connections: None,
    idle_timeout: Some(Duration::from_secs(60)),
    busy_timeout: Some(Duration::from_secs(30)),
    busy_poll: None,
    drain: Duration::from_secs(5),
};

/// The methods that cases use, each with params that take no time.
const PROBES: &[(&str, &str)] = &[
    ("sleep", "0"),
    ("spin", "0"),
    ("blob", "0"),
    ("pi", "1"),
    ("work", "{}"),
];

/// A model or a command, with what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    program: PathBuf,
    kind: Kind,
    busy_poll: Option<Duration>,
    methods: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
enum Kind {
    Model(Traits),
    Command(ServerCommand, CommandTraits),
}

/// What the caller says of a command.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CommandTraits {
    pub(super) is_serial: bool,
}

impl Subject {
    /// A model of `program`.
    pub(super) fn model(
        program: &Path,
        model: &str,
        busy_poll: Option<Duration>,
    ) -> Result<Subject, Error> {
        let kind = Kind::Model(Traits::of(program, model)?);
        Ok(Subject::new(program, kind, busy_poll))
    }

    /// A server of another program; `program` guards it.
    pub(super) fn command(
        program: &Path,
        command: &str,
        traits: CommandTraits,
    ) -> Result<Subject, Error> {
        let kind = Kind::Command(ServerCommand::parse(program, command)?, traits);
        Ok(Subject::new(program, kind, None))
    }

    fn new(program: &Path, kind: Kind, busy_poll: Option<Duration>) -> Subject {
        Subject {
            program: program.to_owned(),
            kind,
            busy_poll,
            methods: BTreeSet::new(),
        }
    }

    /// Starts a server once and finds out which methods it has.
    pub(super) fn probe(&mut self) -> Checked {
        let methods = self.under_test().methods()?;
        self.methods = methods;
        Ok(())
    }

    /// Why a case with this need does not apply.
    pub(super) fn lacks(&self, need: Need) -> Option<String> {
        match (need, &self.kind) {
            (Need::Method(method), _) if !self.methods.contains(method) => {
                Some(format!("the server has no method {method}"))
            }
            (Need::Model, Kind::Command(..)) => {
                Some("its limits and counters are known of models only".to_owned())
            }
            (Need::ManyPerWorker, _) if self.is_serial() => {
                Some("a process or thread serves one connection at a time".to_owned())
            }
            _ => None,
        }
    }

    /// This subject for one case, which begins now.
    pub(super) fn under_test(&self) -> UnderTest<'_> {
        UnderTest {
            subject: self,
            deadline: Instant::now() + CASE_LIMIT,
        }
    }

    fn is_serial(&self) -> bool {
        match &self.kind {
            Kind::Model(traits) => traits.is_serial(),
            Kind::Command(_, traits) => traits.is_serial,
        }
    }

    fn comparison(&self) -> Comparison {
        match self.kind {
            Kind::Model(_) => Comparison::Bytes,
            Kind::Command(..) => Comparison::Values,
        }
    }

    fn server_program(
        &self,
        limits: Limits,
        workers: Option<usize>,
    ) -> std::io::Result<ServerProgram> {
        let traits = match &self.kind {
            Kind::Model(traits) => traits,
            Kind::Command(command, _) => return command.server(&self.program, limits.drain),
        };
        let workers = workers.filter(|_| traits.has_workers());
        let settings = Settings {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            backlog: WriteMode::Default.backlog(),
            workers: workers.and_then(NonZeroUsize::new),
            accept: None,
            write_mode: WriteMode::Default,
            limits: Limits {
                busy_poll: self.busy_poll,
                ..limits
            },
        };
        let request = serde_json::to_string(&ServeRequest::new(traits.name(), settings))?;
        Ok(ServerProgram {
            name: traits.name().to_owned(),
            command: ServerProgram::command_of(self.program.clone(), request),
            guard: Some(self.program.clone()),
            ready: ReadyBy::Line,
            drain: limits.drain,
            cpus: None,
            serial_workers: None,
            show_stderr: false,
        })
    }
}

/// The subject during one case, which ends at a deadline.
#[derive(Debug)]
pub(super) struct UnderTest<'a> {
    subject: &'a Subject,
    deadline: Instant,
}

impl UnderTest<'_> {
    /// Starts a server with the default limits.
    pub(super) fn start(&self) -> Checked<TestServer> {
        self.start_with(|_| {})
    }

    /// Starts a server of a model with other limits.
    pub(super) fn start_with(&self, change: impl FnOnce(&mut Limits)) -> Checked<TestServer> {
        self.start_workers(None, change)
    }

    /// The same with this number of workers, if the model has workers.
    pub(super) fn start_workers(
        &self,
        workers: Option<usize>,
        change: impl FnOnce(&mut Limits),
    ) -> Checked<TestServer> {
        let mut limits = DEFAULT_LIMITS;
        change(&mut limits);
        let program = self.subject.server_program(limits, workers);
        let program = program
            .map_err(|error| Violation::new("a server that can be started", error.to_string()))?;
        TestServer::start(&program, self.subject.comparison(), self.deadline)
    }

    /// Whether a process or thread of it serves one connection at a time.
    pub(super) fn is_serial(&self) -> bool {
        self.subject.is_serial()
    }

    /// Whether its replies are compared byte by byte, so that all details are known.
    pub(super) fn is_exact(&self) -> bool {
        self.subject.comparison() == Comparison::Bytes
    }

    /// Whether it has this method.
    pub(super) fn has(&self, method: &str) -> bool {
        self.subject.methods.contains(method)
    }

    fn methods(&self) -> Checked<BTreeSet<&'static str>> {
        let server = self.start()?;
        let mut client = server.client()?;
        let mut methods = BTreeSet::new();
        for (method, params) in PROBES {
            let reply = client.ask(&request(method, params))?;
            let reply: serde_json::Value = serde_json::from_str(&reply)
                .map_err(|error| Violation::new("a reply that is JSON", error.to_string()))?;
            if reply["out"] == *method {
                methods.insert(*method);
            }
        }
        Ok(methods)
    }
}
