//! The record: the versioned file format for measurements.
//!
//! Reports are pure functions of records. `*_ns` objects contain only numbers
//! and null, and null means not measured. Compatibility: add fields only with
//! `#[serde(default)]`, and never rename a field, since scripts use the names.

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
