//! The result of a check of a candidate against a baseline.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check_finding::{Finding, SlowStarts};
use super::check_metric::{LoadKind, Outcome};
use super::check_pairs::{PairInfo, Reliability};
use super::check_rules::Rules;

/// A check of one candidate against one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckInfo {
    /// The worst outcome of the parts, in the order regressed, invalid, inconclusive; otherwise
    /// improved if any part improved, else pass.
    pub outcome: Outcome,
    /// The rules of the check.
    pub rules: Rules,
    /// The name of the baseline.
    pub baseline: String,
    /// The name of the candidate; empty in older records.
    #[serde(default)]
    pub candidate: String,
    /// The looks that were taken. A check that may stop at any pair has one: its pairs and its
    /// alpha.
    pub looks: Vec<Look>,
    /// How the outcome follows from the pairs.
    #[serde(default)]
    pub method: Method,
    /// What people call the two sides, baseline first; null in older records.
    #[serde(default)]
    pub labels: Option<[String; 2]>,
    /// The number of gated metrics of all parts, reliability included, by which the error rate of
    /// REGRESSED and IMPROVED is divided; 0 in older records.
    #[serde(default)]
    pub gated: usize,
    /// The longest time that it was allowed to take, in seconds; null is no limit.
    #[serde(default)]
    pub budget_s: Option<f64>,
    /// The time that it took, in seconds, pilots included and over all pieces if it was resumed;
    /// null in older records.
    #[serde(default)]
    pub took_s: Option<f64>,
    /// Why no further pair was measured; null in older records, and while the check runs.
    #[serde(default)]
    pub ended_by: Option<EndedBy>,
    /// The files that the commands of both sides name; empty in older records.
    #[serde(default)]
    pub programs: Vec<ProgramFile>,
    /// One part per server and clients; in older records one per server and load.
    pub parts: Vec<Part>,
}

/// A file that a command of a check names: a program, or the script of an interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was changed last: RFC 3339, UTC, to the nanosecond.
    pub modified: String,
}

/// How an outcome follows from the pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// One or two looks that were fixed before the first trial, with signed-rank tests, as in
    /// records from before this field.
    #[default]
    Looks,
    /// Evidence that is valid at any number of pairs.
    Anytime,
}

/// Why no further pair was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// The pairs decided.
    Decided,
    /// The next pair would have ended after the budget.
    Budget,
    /// The most pairs were measured.
    Pairs,
    /// The user ended it.
    Interrupted,
}

/// An analysis of the pairs so far, which can end the check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Pairs of each part at this look; the smallest number of all parts.
    pub pairs: usize,
    /// The error rate spent at this look.
    pub alpha: f64,
}

/// One server, with the loads of its pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The server's name.
    pub name: String,
    /// The scenario's name, if the load belongs to a scenario.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Connections that sent requests.
    pub clients: usize,
    /// The outcome of this part.
    pub outcome: Outcome,
    /// The reasons for the outcome, if the findings alone do not explain it.
    pub reasons: Vec<String>,
    /// Pairs that were discarded and measured again: 0 in checks by [`Method::Anytime`], which keep
    /// every pair.
    pub redone: usize,
    /// The ratio of the CPU per request of the side that ran first to that of the other side: 1 is
    /// no effect.
    pub order_effect: Option<f64>,
    /// The ratio of the baseline's CPU per request at the end to that at the start: 1 is no drift.
    pub drift: Option<f64>,
    /// One finding per metric and load that has pairs.
    pub findings: Vec<Finding>,
    /// The loads under which each pair measures both builds; empty in older records.
    #[serde(default)]
    pub loads: Vec<PartLoad>,
    /// Failures of the two sides, and what follows from them; null in older records.
    #[serde(default)]
    pub reliability: Option<Reliability>,
    /// The starts that were far slower than usual in a gated metric other than p95 and p99, of all
    /// loads; null in older records.
    #[serde(default)]
    pub slow_starts: Option<SlowStarts>,
    /// The pairs in their order, with all that the outcome follows from; empty in older records.
    #[serde(default)]
    pub pairs: Vec<PairInfo>,
}

/// A load under which the pairs of a part are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartLoad {
    /// Its kind.
    pub load: LoadKind,
    /// The rate of an open loop, the same for both sides, in requests per second; null in a closed
    /// loop.
    pub rate_rps: Option<f64>,
    /// The baseline's capacity in the pilot that the rate is a share of, in requests per second;
    /// null if the rate was given.
    pub pilot_rps: Option<f64>,
    /// The cells of the record that have its trials: the baseline's and the candidate's.
    pub cells: [usize; 2],
}
