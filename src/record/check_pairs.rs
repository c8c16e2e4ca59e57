//! The pairs of a check, and the failures in them.

use serde::{Deserialize, Serialize};

use super::check_finding::Evidence;
use super::check_metric::{LoadKind, Metric, Outcome};
use super::server::Role;

/// One pair: both builds, started afresh for each load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairInfo {
    /// Its number from 0: the `round` of its trials.
    pub pair: usize,
    /// What was measured under each load.
    pub loads: Vec<LoadPair>,
}

/// Both builds under one load of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadPair {
    /// The load.
    pub load: LoadKind,
    /// Whether the candidate's trial ran first: a fair coin of its own.
    pub candidate_first: bool,
    /// Whether it is a start that was added to the pair: it shows failures and slow starts only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub added: bool,
    /// The figures that both sides have.
    pub values: Vec<PairValue>,
    /// What failed.
    pub failures: Vec<SideFailure>,
}

/// A figure of both sides of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairValue {
    /// The metric.
    pub metric: Metric,
    /// The baseline's figure.
    pub baseline: f64,
    /// The candidate's figure.
    pub candidate: f64,
    /// What the figures tell of the true ratio.
    pub known: Known,
    /// Whether over 10 % of a quantile was scheduling delay of the generator, on either side.
    #[serde(default)]
    pub delayed: bool,
}

/// What the figures of a pair tell of the true ratio of candidate to baseline, taken so that more
/// is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// The ratio.
    Exact,
    /// Only that it is at most this: the candidate's figure is a bound, and may be better.
    AtMost,
    /// Only that it is at least this: the baseline's figure is a bound, and may be better; or, for
    /// a latency, the candidate's may be worse.
    AtLeast,
    /// Nothing: both figures are bounds.
    Nothing,
}

/// A failure of one side of a pair under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideFailure {
    /// The side.
    pub side: Role,
    /// The kind.
    pub kind: FailureKind,
    /// How many requests, connections or clients it concerns; 1 for the whole server.
    pub count: u64,
    /// The requests that were measured; 0 if there was no trial.
    pub of: u64,
    /// What happened, as text, such as `ended by SIGABRT`; empty if the kind says it all.
    pub what: String,
}

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The server did not start, or was not ready in time.
    NotStarted,
    /// The server ended during the trial.
    Died,
    /// No correct reply arrived inside the window.
    NoReplies,
    /// Clients without any correct reply.
    ClientsUnserved,
    /// Wrong replies, or bytes that are no message.
    WrongReplies,
    /// Connects that were refused, failed or timed out.
    Connects,
    /// Connections that were closed or reset with a request in flight.
    Resets,
    /// Requests without a reply before their timeout.
    Timeouts,
    /// Requests without a reply when the drain ended.
    MissingReplies,
    /// Failures of requests and connects before the window.
    WarmUp,
    /// Handlers that panicked, and workers that ended or hung.
    Workers,
    /// The server did not stop cleanly.
    UncleanStop,
    /// The rate was not kept, by the server or by the generator.
    RateNotKept,
    /// The hypervisor took time from the machine.
    Steal,
    /// The trial is invalid for another reason.
    Invalid,
}

impl FailureKind {
    /// Whether only the server can have caused it. Otherwise the generator or the machine may
    /// have, and the failure is evidence but does not rule out a pass.
    pub fn is_the_servers(self) -> bool {
        !matches!(
            self,
            FailureKind::RateNotKept | FailureKind::Steal | FailureKind::Invalid
        )
    }

    /// Whether the side cannot be measured because of it.
    pub fn prevents_measuring(self) -> bool {
        matches!(
            self,
            FailureKind::NotStarted
                | FailureKind::Died
                | FailureKind::NoReplies
                | FailureKind::ClientsUnserved
                | FailureKind::Invalid
        )
    }
}

/// Failures of the two sides of a part. Both figures of an array are of the baseline and of the
/// candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Its outcome: worse or better by the signs of the loads that only one side failed, pass if
    /// the candidate has no failure that the baseline has not, else inconclusive.
    pub outcome: Outcome,
    /// The pairs.
    pub pairs: usize,
    /// Pairs in which this side failed because of the server.
    pub failed: [usize; 2],
    /// Pairs in which this side failed more than the other, because of the server.
    pub only: [usize; 2],
    /// For each load of each pair, in order: 1 if the candidate failed more than the baseline, −1 if
    /// the baseline did, else 0.
    pub signs: Vec<i8>,
    /// Evidence of these signs.
    pub evidence: Evidence,
    /// The failures by kind, the most serious first.
    pub kinds: Vec<FailureCount>,
    /// Whether neither side can be measured because both leave clients unserved.
    pub both_leave_clients_unserved: bool,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureCount {
    /// The kind.
    pub kind: FailureKind,
    /// Whether it rules out a pass if only the candidate has it.
    pub is_the_servers: bool,
    /// Starts of each side with such a failure.
    pub starts: [usize; 2],
    /// Starts of each side.
    pub of: usize,
    /// Requests, connections or clients that it concerns, over all starts.
    pub counts: [u64; 2],
    /// What happened first, as text, the candidate's before the baseline's; may be empty.
    pub what: String,
    /// Whether it rules out a pass: the candidate has more of it, in more starts than the baseline.
    #[serde(default)]
    pub rules_out_pass: bool,
}
