//! Errors, with messages that say what the user can do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Every error of the library.
///
/// ```
/// let missing = rpcbench::record::Record::read("missing.json".as_ref());
/// let error: rpcbench::Error = missing.unwrap_err();
/// assert!(error.to_string().starts_with("cannot read missing.json as a record"));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}{}", listen_hint(source))]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// A server could not be set up.
    #[error("cannot {what}: {source}")]
    Server {
        /// The operation that failed.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A server was started in a process with several threads, which cannot fork safely.
    #[error("a server needs a process with one thread: start the server before any other thread")]
    Threads,
    /// More workers than the maximum.
    #[error("{asked} workers are too many: at most {most}")]
    TooManyWorkers {
        /// The requested number.
        asked: usize,
        /// The maximum.
        most: usize,
    },
    /// An accept mode that the model does not support.
    #[error("this model does not support --accept {asked}: use {known}")]
    AcceptMode {
        /// The requested mode.
        asked: String,
        /// The supported modes.
        known: String,
    },
    /// A model that does not exist.
    #[error("unknown model {name:?}: choose one of {known}, or all{}", did_you_mean(near.as_deref()))]
    UnknownModel {
        /// The given name.
        name: String,
        /// The valid names.
        known: String,
        /// The valid name that is most like the given one, if one is like it.
        near: Option<String>,
    },
    /// A model that this machine cannot run.
    #[error("the model {name} cannot run here: {reason}")]
    UnavailableModel {
        /// The model's name.
        name: &'static str,
        /// What it needs and does not have.
        reason: String,
    },
    /// A method that the service of the servers does not have.
    #[error("unknown method {name:?}: choose one of {known}{}", did_you_mean(near.as_deref()))]
    UnknownMethod {
        /// The given name.
        name: String,
        /// The valid names.
        known: String,
        /// The valid name that is most like the given one, if one is like it.
        near: Option<String>,
    },
    /// The server process could not be started, or its counters could not be opened.
    #[error("cannot start the server of {contestant}: {source}")]
    Start {
        /// The name of the server's model or command.
        contestant: String,
        /// The system's error.
        source: io::Error,
    },
    /// The server ended, or did not become ready in time.
    #[error("the server of {contestant} {what}{}", last_stderr_line(stderr))]
    NotReady {
        /// The name of the server's model or command.
        contestant: String,
        /// What happened.
        what: String,
        /// The end of its stderr.
        stderr: String,
    },
    /// The baseline of a check is another program.
    #[error(
        "--baseline {program} is no build of rpcbench, or speaks another version of the protocol between harness and server: it {what}; give the path of a build of rpcbench, or of a program that calls rpcbench::main; other servers are compared with --baseline-exec and --exec"
    )]
    NotABuild {
        /// The program.
        program: String,
        /// What it did instead of serving.
        what: String,
    },
    /// The server ended during the measurement.
    #[error(
        "the server of {contestant} ended unexpectedly: it {what}{}",
        last_stderr_line(stderr)
    )]
    Died {
        /// The name of the server's model or command.
        contestant: String,
        /// How it ended.
        what: String,
        /// The end of its stderr.
        stderr: String,
    },
    /// The guard of a server did not report the server's end.
    #[error("cannot stop the server of {contestant}: its guard process does not respond")]
    Stop {
        /// The name of the server's model or command.
        contestant: String,
    },
    /// The target does not accept connections.
    #[error("cannot connect to {target}: {source}; start the server first, or correct --target")]
    Target {
        /// The given address.
        target: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// More connections than this process may open descriptors for.
    #[error(
        "{connections} connections need {needed} file descriptors, but this process may open {limit}: \
             raise the hard limit (ulimit -Hn {needed}) or use at most {fit} connections (--clients plus --idle)"
    )]
    Descriptors {
        /// Requested connections.
        connections: usize,
        /// Descriptors needed.
        needed: u64,
        /// The hard limit.
        limit: u64,
        /// Connections that the limit allows.
        fit: u64,
    },
    /// The load generator could not be set up.
    #[error("cannot start the load: {0}")]
    Load(#[source] io::Error),
    /// The start that several generators agreed on has passed.
    #[error("the start has passed, {late:?} ago: give a later --start-at")]
    Late {
        /// How long ago it was.
        late: Duration,
    },
    /// One of several generators of a load failed.
    #[error("rank {rank} on {host}: {reason}")]
    Rank {
        /// Its number.
        rank: usize,
        /// Its host.
        host: String,
        /// What happened, and what to do.
        reason: String,
    },
    /// Records could not be added.
    #[error("cannot merge {file}: {reason}")]
    Merge {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}; {remedy}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
        /// What the user can do.
        remedy: &'static str,
    },
    /// A scenario or a suite that does not exist.
    #[error("unknown {what} {name:?}: choose one of {known}, or name a file that ends in .toml")]
    UnknownScenario {
        /// `scenario` or `suite`.
        what: &'static str,
        /// The given name.
        name: String,
        /// The valid names.
        known: String,
    },
    /// A file could not be read as a scenario or a suite.
    #[error("cannot read {path} as a {what}: {reason}")]
    Scenario {
        /// `scenario` or `suite`.
        what: &'static str,
        /// The file.
        path: String,
        /// The reason, with the line if it is known.
        reason: String,
    },
    /// A record does not match the run to be resumed.
    #[error("cannot resume from this record: {why}")]
    Resume {
        /// What does not match.
        why: String,
    },
    /// The contract could not be checked.
    #[error("cannot check the contract with {}: {what}", program.display())]
    Contract {
        /// The binary of rpcbench.
        program: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A file could not be read as a record.
    #[error("cannot read {path} as a record: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

fn listen_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "; another process has this port: choose another port, or 0 for any free port"
        }
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need privileges: choose a higher port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "; no network interface of this machine has this address"
        }
        _ => "",
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn last_stderr_line(stderr: &str) -> String {
    let last = stderr.trim().lines().last().unwrap_or_default();
    if last.is_empty() {
        String::new()
    } else {
        format!("; last line on stderr: {last}")
    }
}
