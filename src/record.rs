//! The record: the one versioned form in which what was measured reaches the disk.
//!
//! Reports are pure functions of records. Names are kept; fields are only
//! added. In `*_ns` objects there are only numbers and null, and null means
//! not measured.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Everything that one run of the program measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`Record::SCHEMA`].
    pub schema: String,
    /// When it began, in UTC (RFC 3339).
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// What the order of trials was drawn from.
    pub seed: u64,
    /// Whether the run was ended before all trials were done.
    #[serde(default)]
    pub interrupted: bool,
    /// The program.
    pub tool: Tool,
    /// The machine.
    pub environment: Environment,
    /// What was measured: one cell a contestant and load.
    pub cells: Vec<Cell>,
}

/// Which build of the program measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The version of the crate.
    pub version: String,
    /// The commit, if it was built from a checkout.
    pub git: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// `release` or `debug`.
    pub profile: String,
}

/// Where it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// What the processor calls itself.
    pub cpu_model: Option<String>,
    /// Cores that this process may use.
    pub cpus: usize,
    /// Cores that the control group may use at a time, if that is limited.
    pub cpu_quota: Option<f64>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The frequency governor.
    pub governor: Option<String>,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// Whether it is a virtual machine.
    pub virtualised: bool,
    /// Processes that were ready to run, on average over the minute before.
    pub load_1m: Option<f64>,
    /// What bounds connections.
    pub limits: SystemLimits,
}

/// What bounds connections on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SystemLimits {
    /// File descriptors a process may have (the hard limit).
    pub nofile: Option<u64>,
    /// The longest backlog.
    pub somaxconn: Option<u64>,
    /// The first and the last port that the system gives out.
    pub port_range: Option<[u16; 2]>,
}

/// One contestant under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Who served.
    pub contestant: ContestantInfo,
    /// The scenario's name, if the load is one.
    pub scenario: Option<String>,
    /// What was asked of it.
    pub load: LoadInfo,
    /// What each trial showed.
    pub trials: Vec<Trial>,
}

/// Who served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContestantInfo {
    /// `model`, `exec` or `target`.
    pub kind: Kind,
    /// The model's name, the command, or the address.
    pub name: String,
    /// How it was set up.
    pub options: Options,
}

/// What a contestant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A model of this program.
    Model,
    /// A command that was started.
    Exec,
    /// A server that ran already.
    Target,
}

/// How a contestant was set up, as resolved; null where it has no such thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Worker processes.
    pub workers: Option<usize>,
    /// How they accept.
    pub accept: Option<String>,
    /// Connections that may wait to be accepted.
    pub backlog: Option<u32>,
    /// Connections at a time.
    pub max_connections: Option<usize>,
    /// The longest message.
    pub max_frame_bytes: Option<usize>,
    /// The idle timeout; null is none.
    pub idle_timeout_s: Option<f64>,
    /// What a stop gives to what is in flight.
    pub drain_s: Option<f64>,
}

/// What load was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadInfo {
    /// Connections that send.
    pub clients: usize,
    /// When requests are due.
    pub mode: Mode,
    /// Requests a second in all; null in a closed loop.
    pub rate_rps: Option<f64>,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// Whether a request waits for its own connection (`bound`) or for any (`free`).
    pub assign: String,
    /// Replies a connection; null is no end.
    pub requests_per_connection: Option<u32>,
    /// The method called.
    pub method: String,
    /// Bytes of a request on the wire, its 4-byte length included.
    pub request_bytes: usize,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// Connections beside them that send nothing.
    pub idle: usize,
    /// The window.
    pub duration_s: f64,
    /// What goes before it.
    pub warmup_s: f64,
    /// How long a reply may take.
    pub timeout_s: f64,
    /// How connections close: `fin` or `reset`.
    pub close: String,
    /// How messages are written: `default` (one write, NODELAY) or `article`.
    pub wire: String,
}

/// When requests are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// When the client has its reply.
    Closed,
    /// Evenly spaced.
    Constant,
    /// At random, at a constant mean rate.
    Poisson,
}

/// What one trial showed, against a fresh server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its place among all trials of the record, from 0.
    pub order: usize,
    /// Its round: trials of one round ran next to each other.
    pub round: usize,
    /// Right replies inside the window.
    pub requests: u64,
    /// The same, a second.
    pub throughput_rps: f64,
    /// Requests in the sample: planned before the window's end, not ended before it began.
    pub samples: u64,
    /// From the planned send to the reply.
    pub latency_ns: Quantiles,
    /// From the actual send to the reply, of the answered.
    pub service_ns: Quantiles,
    /// Connects.
    pub connect_ns: Quantiles,
    /// Quantiles of `latency_ns` beyond this are lower bounds.
    pub exact_below: f64,
    /// Requests of the sample without a right reply.
    pub censored: Censored,
    /// Clients with at least one right reply inside the window.
    pub clients_served: usize,
    /// Jain's index over the clients' replies: 1 is fair, 1/clients is one for all.
    pub fairness_jain: Option<f64>,
    /// Requests of the sample without any reply when the drain ended.
    pub unanswered: u64,
    /// Over clients: each one's longest wait.
    pub client_wait_ns: ClientWait,
    /// What failed, from the window's begin on.
    pub errors: ErrorCounts,
    /// The histograms, HdrHistogram V2 with DEFLATE, in base64.
    pub histograms: Histograms,
    /// Over time.
    pub series: Vec<Interval>,
    /// The server's side; all null where it cannot be seen.
    pub server: ServerSide,
    /// The generator's side.
    pub generator: GeneratorSide,
    /// Whether to believe it.
    pub validity: Validity,
}

/// Quantiles of some time, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Quantiles {
    pub mean: Option<f64>,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p95: Option<u64>,
    pub p99: Option<u64>,
    pub p99_9: Option<u64>,
    pub p99_99: Option<u64>,
    pub max: Option<u64>,
}

/// Requests of which only a least latency is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Censored {
    /// How many.
    pub count: u64,
    /// The age of the youngest; 0 where there is none.
    pub min_age_ns: u64,
}

/// Quantiles over clients, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClientWait {
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
}

/// Failures by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCounts {
    /// Connections refused or not made in time.
    pub connect: u64,
    /// Requests without a reply in time.
    pub timeout: u64,
    /// Requests whose connection was closed or reset.
    pub reset: u64,
    /// Bytes that are no frame, or a frame nobody asked for.
    pub protocol: u64,
    /// Wrong replies.
    pub reply: u64,
}

impl ErrorCounts {
    /// All kinds together.
    pub fn total(&self) -> u64 {
        self.connect + self.timeout + self.reset + self.protocol + self.reply
    }

    /// Adds others.
    pub fn add(&mut self, other: &ErrorCounts) {
        self.connect += other.connect;
        self.timeout += other.timeout;
        self.reset += other.reset;
        self.protocol += other.protocol;
        self.reply += other.reply;
    }

    /// The kinds that there were, with their counts.
    pub fn kinds(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("connect", self.connect),
            ("timeout", self.timeout),
            ("reset", self.reset),
            ("protocol", self.protocol),
            ("wrong reply", self.reply),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// Histograms in nanoseconds, serialised.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histograms {
    /// Latencies of the answered.
    pub latency: String,
    /// Ages of the censored.
    pub censored: String,
    /// Service times of the answered.
    pub service: String,
    /// Connect times.
    pub connect: String,
}

/// One interval of the series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its beginning, from the window's.
    pub t_s: f64,
    /// Right replies in it.
    pub requests: u64,
    /// Their median latency in nanoseconds.
    pub p50: Option<u64>,
    /// Their p99 in nanoseconds.
    pub p99: Option<u64>,
    /// Their longest latency in nanoseconds.
    pub max: Option<u64>,
}

/// The server's side of a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerSide {
    /// CPU seconds in user mode, inside the window, all its processes.
    pub cpu_user_s: Option<f64>,
    /// CPU seconds in the kernel.
    pub cpu_system_s: Option<f64>,
    /// Both, a right reply.
    pub cpu_us_per_request: Option<f64>,
    /// The most memory of all its processes, shared pages divided (PSS), as sampled.
    pub pss_peak_bytes: Option<u64>,
    /// The most processes.
    pub processes_peak: Option<u64>,
    /// The most threads.
    pub threads_peak: Option<u64>,
    /// Voluntary context switches over its whole life.
    pub ctx_voluntary: Option<u64>,
    /// Involuntary ones.
    pub ctx_involuntary: Option<u64>,
    /// Connections ended for a fault, panics of handlers, deaths of workers, inside the window.
    pub faults: Option<u64>,
    /// Each worker's part inside the window; null where the model has no workers.
    pub workers: Option<Vec<WorkerSide>>,
}

/// One worker's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSide {
    /// Requests served inside the window.
    pub requests: u64,
    /// Connections accepted since the server started.
    pub accepted: u64,
}

/// The generator's side of a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorSide {
    /// Its threads.
    pub threads: usize,
    /// Its CPU, a right reply.
    pub cpu_us_per_request: Option<f64>,
    /// How much of the window its busiest thread used a core.
    pub busy_fraction: f64,
    /// The longest that one of its threads was ready and had no core, inside the window.
    pub run_delay_s: f64,
    /// Whether it was the limit, so that the throughput is a lower bound of the server's.
    pub limited: bool,
    /// From planned to actual send; null in a closed loop, which has no plan to lag behind.
    pub lag_ns: Lag,
}

/// Quantiles of the lag, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Lag {
    pub p50: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
}

/// Whether to believe a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// The verdict.
    pub verdict: Verdict,
    /// What speaks against it, and what to do, in words.
    pub reasons: Vec<String>,
}

/// How far a trial is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it stands.
    Valid,
    /// With the reasons in mind.
    Suspect,
    /// Not at all.
    Invalid,
}

impl Record {
    /// The version of this form.
    pub const SCHEMA: &'static str = "rpcbench.record/1";

    /// Writes it to `path`, whole or not at all: a temporary file beside it, then a rename.
    ///
    /// # Errors
    /// When the file cannot be written there.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let name = path
            .file_name()
            .ok_or_else(|| failed(std::io::ErrorKind::InvalidFilename.into()))?;
        let temporary = folder.join(format!(
            ".{}.{}.tmp",
            name.to_string_lossy(),
            std::process::id()
        ));
        let written = fs::File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())
                    .and_then(|()| file.write_all(b"\n"))
            })
            .and_then(|()| fs::rename(&temporary, path));
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed(error)
        })
    }

    /// Reads the record at `path`.
    ///
    /// # Errors
    /// When there is none, it is damaged, or it is of another version: naming the file.
    pub fn read(path: &Path) -> Result<Record, Error> {
        let failed = |reason: String| Error::Read {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let version: Version =
            serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        if version.schema != Record::SCHEMA {
            let (theirs, ours) = (version.schema, Record::SCHEMA);
            return Err(failed(format!(
                "it is of version {theirs:?}, and this program reads {ours:?}"
            )));
        }
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    }
}
