//! The record: the one versioned form in which a measurement reaches the disk.
//!
//! Reports are pure functions of records. In `*_ns` objects there are only
//! numbers and null, and null means not measured. To change: fields are only
//! added, with `#[serde(default)]`; names never change, scripts rely on them.

mod check;
mod document;
mod environment;
mod file;
pub mod histogram;
mod load;
mod scenario;
mod search;
mod series;
mod server;
mod trial;

pub use check::{CheckInfo, Finding, Look, Outcome, Part, Rules};
pub use document::{Cell, Record};
pub use environment::{Environment, SystemLimits, Tool};
pub use load::{AlternateInfo, LoadInfo, Mode, RateChangeInfo, SkewInfo};
pub use scenario::{Pilot, ScenarioInfo};
pub use search::{SearchInfo, Slo, Step, Try};
pub use series::{Interval, Overload};
pub use server::{ServerIdentity, ServerKind, ServerOptions};
pub use trial::{
    Censored, ClientWait, Connects, ErrorCounts, GeneratorSide, Histograms, Idle, Lag, LittlesLaw,
    Quantiles, Residue, ServerSide, Trial, Validity, Verdict, WorkerSide,
};
