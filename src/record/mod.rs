//! The record: the versioned file format for measurements.
//!
//! Reports are pure functions of records. `*_ns` objects contain only numbers
//! and null, and null means not measured. Compatibility: add fields only with
//! `#[serde(default)]`, and never rename a field, since scripts use the names.

mod assertion;
mod check;
mod check_finding;
mod check_metric;
mod check_pairs;
mod check_rules;
mod choices;
mod cpu_accounting;
mod delays;
mod document;
mod environment;
mod errors;
mod file;
mod handler;
pub mod histogram;
mod lag;
mod load;
mod machine;
mod no_replies;
mod quantiles;
pub(crate) mod quantity;
mod rank_name;
mod ranks;
mod rate_share;
mod scenario;
mod search;
mod seconds;
mod selftest;
mod series;
mod server;
mod slices;
mod trend;
mod trial;
mod validity;
mod warmup;
mod window_times;

pub(crate) use crate::protocol::WorkParams;
pub use crate::protocol::WriteMode;
pub use crate::sys::Priority;
pub use assertion::{
    AssertCell, AssertDoubt, AssertInfo, AssertMetric, AssertUnit, AssertVerdict, Assertion,
};
pub use check::{CheckInfo, EndedBy, Look, Method, Part, PartLoad, ProgramFile};
pub use check_finding::{Evidence, Finding, Power, SlowStarts};
pub use check_metric::{Advisory, LoadKind, Metric, Outcome};
pub use check_pairs::{
    FailureCount, FailureKind, Known, LoadPair, PairInfo, PairValue, Reliability, SideFailure,
};
pub use check_rules::{Rules, STARTS_OF_A_PASS};
pub use choices::{Arrivals, Assign, Close, Mode, Spin, Stamps};
pub use cpu_accounting::CpuAccounting;
pub use delays::{DelayPart, Delays, StampSource};
pub use document::{Cell, Record, RoundsRule};
pub use environment::{Environment, SelftestSummary, SystemLimits, Tool};
pub use errors::ErrorCounts;
pub(crate) use handler::{HandlerPart, handler, parse as parse_handler};
pub use lag::Lag;
pub use load::{
    Alternate, LEAST_PAYLOAD_BYTES, LoadSpec, MOST_CONNECTIONS, MOST_IN_FLIGHT, QUOTES_BYTES,
    RateChange, Skew,
};
pub use machine::MachineSide;
pub use no_replies::NoReplyCause;
pub use quantiles::Quantiles;
pub use rank_name::RankName;
pub use ranks::{RankClock, RankSide};
pub use rate_share::{CapacityOf, RateShare};
pub use scenario::{Pilot, ScenarioInfo};
pub use search::{RateEstimate, SearchInfo, SearchRule, Slo, Step, Try};
pub(crate) use seconds::{LONGEST as LONGEST_TIME, parse as parse_time};
pub use selftest::{SELFTEST_FOLDER, SelftestCheck, SelftestResult};
pub use series::{Interval, Overload};
pub use server::{Role, ServerIdentity, ServerKind, ServerOptions};
pub use slices::Slices;
pub use trend::{Trend, TrendCause, TrendMetric};
pub use trial::{
    Censored, ClientWait, Connects, GeneratorSide, Histograms, Idle, LittlesLaw, Older, Residue,
    ServerSide, Trial, WorkerSide,
};
pub use validity::{Validity, ValidityFinding, Verdict};
pub use warmup::{PilotFailure, WarmupInfo, WarmupPilot};
pub use window_times::WindowTimes;
