//! The record: the one versioned form in which what was measured reaches the disk.
//!
//! Reports are pure functions of records. Names are kept; fields are only
//! added. In `*_ns` objects there are only numbers and null, and null means
//! not measured.

mod check;
mod load;
mod search;
mod series;
mod trial;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::error::Error;

pub use check::{CheckInfo, Finding, Look, Outcome, Part, Rules};
pub use load::{BesideInfo, LoadInfo, Mode, SkewInfo, ThenInfo};
pub use search::{SearchInfo, Slo, Step, Try};
pub use series::{Interval, Overload};
pub use trial::{
    Censored, ClientWait, Connects, ErrorCounts, GeneratorSide, Histograms, Idle, KEPT_UP, Lag,
    LittlesLaw, Quantiles, Residue, ServerSide, Trial, Validity, Verdict, WorkerSide,
};

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
    /// The scenarios of the cells.
    #[serde(default)]
    pub scenarios: Vec<ScenarioInfo>,
    /// What pilots found, for rates that are shares of a capacity.
    #[serde(default)]
    pub pilots: Vec<Pilot>,
    /// What was planned and could not be measured, and why, in words.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// When the run was taken up again after an interruption, in UTC (RFC 3339).
    #[serde(default)]
    pub resumed: Vec<String>,
    /// Searches for the highest rate within a target, whose trials are in the cells.
    #[serde(default)]
    pub searches: Vec<SearchInfo>,
    /// What a check showed, whose trials are in the cells.
    #[serde(default)]
    pub check: Option<CheckInfo>,
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

impl Environment {
    /// Whether figures of both may stand in one record.
    pub fn is_same_machine(&self, other: &Environment) -> bool {
        let of = |machine: &Environment| {
            let (cpu, kernel) = (machine.cpu_model.clone(), machine.kernel.clone());
            (
                cpu,
                kernel,
                machine.cpus,
                machine.cpu_quota,
                machine.memory_bytes,
            )
        };
        of(self) == of(other)
    }
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

/// A named load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// Its name, as cells have it.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// What to look at in its figures.
    pub reads: String,
}

/// What a contestant does in a short closed loop, which rates of others are shares of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pilot {
    /// The scenario's name, if the load is one.
    pub scenario: Option<String>,
    /// Who.
    pub contestant: String,
    /// Connections that sent.
    pub clients: usize,
    /// Right replies a second.
    pub throughput_rps: f64,
    /// Clients that were left without a right reply.
    pub clients_unserved: usize,
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
    /// Of a check: `baseline` or `candidate`.
    #[serde(default)]
    pub role: Option<String>,
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
    /// The cores that it was kept on, such as `0,2-3`; null is all.
    #[serde(default)]
    pub cpus: Option<String>,
}

/// What to do when a record cannot be written.
const SAVE_ELSEWHERE: &str = "name another file with --save, or give --no-save";

impl Record {
    /// The version of this form.
    pub const SCHEMA: &'static str = "rpcbench.record/1";

    /// Writes it to `path`, whole or not at all: a temporary file beside it, then a rename.
    ///
    /// # Errors
    /// When the file cannot be written there.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let write = |temporary: &Path| {
            let mut file = fs::File::create(temporary)?;
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            fs::rename(temporary, path)
        };
        beside(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
        })
    }

    /// Whether a record can be written to `path`, found out before anything is measured.
    ///
    /// # Errors
    /// When the file cannot be written there.
    pub fn check_writable(path: &Path) -> Result<(), Error> {
        let write =
            |temporary: &Path| fs::File::create(temporary).and_then(|_| fs::remove_file(temporary));
        beside(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
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
        Record::parse(&text).map_err(failed)
    }

    /// Reads the record that `text` is.
    ///
    /// # Errors
    /// When it is none, or of another version: why.
    pub fn parse(text: &str) -> Result<Record, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let in_words = |error: serde_json::Error| error.to_string();
        let version: Version = serde_json::from_str(text).map_err(in_words)?;
        if version.schema != Record::SCHEMA {
            let (theirs, ours) = (version.schema, Record::SCHEMA);
            return Err(format!(
                "it is of version {theirs:?}, and this program reads {ours:?}"
            ));
        }
        let value: Value = serde_json::from_str(text).map_err(in_words)?;
        if let Some(number) = absurd(&value) {
            return Err(format!("{number} is more of anything than there can be"));
        }
        // Read from the text again: its errors tell the line.
        serde_json::from_str(text).map_err(in_words)
    }
}

/// A number that no count, size or time of a record can be, so that sums of them have room.
fn absurd(value: &Value) -> Option<&Number> {
    const MOST: f64 = (1_u64 << 50) as f64;
    match value {
        Value::Number(number) => {
            let absurd = number.as_f64().is_none_or(|number| number.abs() > MOST);
            absurd.then_some(number)
        }
        Value::Array(values) => values.iter().find_map(absurd),
        Value::Object(fields) => fields.values().find_map(absurd),
        _ => None,
    }
}

/// Does this with a temporary file beside `path`, of which nothing is left when it fails.
fn beside(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(
        ".{}.{}.tmp",
        name.to_string_lossy(),
        std::process::id()
    ));
    write(&temporary).inspect_err(|_| drop(fs::remove_file(&temporary)))
}
