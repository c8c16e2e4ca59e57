//! What can go wrong, and what the user can do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Every error of the library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}{}", listen_hint(source))]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A server could not be set up.
    #[error("cannot {what}: {source}")]
    Server {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A server was to be started in a process that cannot fork.
    #[error("a server needs a process with one thread: start it before any other thread")]
    Threads,
    /// More workers than there are slots.
    #[error("{asked} workers are too many: at most {most}")]
    TooManyWorkers {
        /// How many were asked for.
        asked: usize,
        /// How many there can be.
        most: usize,
    },
    /// An accept mode that the model does not know.
    #[error("--accept {asked} is not for this model: it takes {known}")]
    AcceptMode {
        /// The mode asked for.
        asked: String,
        /// The modes that it knows.
        known: String,
    },
    /// A model that does not exist.
    #[error("unknown model {name:?}: choose one of {known}, or all")]
    UnknownModel {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The process of the server could not be started or spoken with.
    #[error("cannot start the server of {contestant}: {source}")]
    Start {
        /// Whose server.
        contestant: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended or kept silent before it was ready.
    #[error("the server of {contestant} {what}{}", said(stderr))]
    NotReady {
        /// Whose server.
        contestant: String,
        /// What happened.
        what: String,
        /// The last that it wrote on stderr.
        stderr: String,
    },
    /// The server ended while it was measured.
    #[error("the server of {contestant} is gone: it {what}{}", said(stderr))]
    Died {
        /// Whose server.
        contestant: String,
        /// How it ended.
        what: String,
        /// The last that it wrote on stderr.
        stderr: String,
    },
    /// The guard of a server does not say that it has ended.
    #[error("cannot stop the server of {contestant}: its guard does not answer")]
    Stop {
        /// Whose server.
        contestant: String,
    },
    /// Nobody answers at the target.
    #[error("cannot connect to {target}: {source}; start the server first, or correct --target")]
    Target {
        /// The address given.
        target: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// More connections than this process may have descriptors.
    #[error(
        "{connections} connections need {needed} file descriptors, and this process may have {limit}: \
             raise the hard limit (ulimit -Hn {needed}) or use at most {fit}, --clients and --idle together"
    )]
    Descriptors {
        /// Connections asked for.
        connections: usize,
        /// Descriptors needed.
        needed: u64,
        /// The hard limit.
        limit: u64,
        /// Connections that would do.
        fit: u64,
    },
    /// The load generator could not be set up.
    #[error("cannot start the load: {0}")]
    Load(#[source] io::Error),
    /// A file could not be written.
    #[error("cannot write {path}: {source}; {remedy}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// A scenario or a suite that does not exist.
    #[error("unknown {what} {name:?}: choose of {known}, or name a file that ends in .toml")]
    UnknownScenario {
        /// `scenario` or `suite`.
        what: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A file could not be read as a scenario or a suite.
    #[error("cannot read {path} as a {what}: {reason}")]
    Scenario {
        /// `scenario` or `suite`.
        what: &'static str,
        /// Which file.
        path: String,
        /// Why not, with the line where that can be told.
        reason: String,
    },
    /// A record is not of the run that is to go on.
    #[error("cannot go on with that record: {why}")]
    Resume {
        /// What does not fit.
        why: String,
    },
    /// A file could not be read as a record.
    #[error("cannot read {path} as a record: {reason}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

fn listen_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "; another process has this port: choose another, or 0 for any free one"
        }
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need privileges: choose a higher one"
        }
        io::ErrorKind::AddrNotAvailable => "; no interface here has this address",
        _ => "",
    }
}

fn said(stderr: &str) -> String {
    let last = stderr.trim().lines().last().unwrap_or_default();
    if last.is_empty() {
        String::new()
    } else {
        format!("; it said: {last}")
    }
}
