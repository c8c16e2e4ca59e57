//! The warm-up of a run that its pilots found.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check_pairs::FailureKind;

/// The warm-up of a run with `--warmup auto`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WarmupInfo {
    /// The warm-up of all trials, but for loads whose connects or scenarios need a longer one.
    pub warmup_s: f64,
    /// The longest that it may be; null is any. A server that needs longer is measured before it is
    /// warm.
    pub most_s: Option<f64>,
    /// The budget of a check in which all servers are measured warm, for as many pairs; null if the
    /// warm-up is long enough.
    #[serde(default)]
    pub budget_s: Option<f64>,
    /// One per server.
    pub pilots: Vec<WarmupPilot>,
}

/// The pilot of one server: a closed loop against a fresh server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WarmupPilot {
    /// The server's name.
    pub contestant: String,
    /// Its workers, if `--workers` gave them; servers of a list have the same name.
    #[serde(default)]
    pub workers: Option<usize>,
    /// In a check whether it is the candidate.
    #[serde(default)]
    pub is_candidate: bool,
    /// When throughput and latency had become steady, from the begin of the load; at most half of
    /// `took_s`.
    pub steady_after_s: f64,
    /// The time for which the load ran.
    pub took_s: f64,
    /// Whether they did become steady in this time.
    pub is_steady: bool,
    /// How the server failed, if it did: a side of a check may.
    #[serde(default)]
    pub failed: Option<PilotFailure>,
}

/// How a server failed in its pilot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotFailure {
    /// The kind.
    pub kind: FailureKind,
    /// What happened, as text.
    pub what: String,
}

impl WarmupInfo {
    /// The warm-up of all trials.
    pub fn warmup(&self) -> Duration {
        time(self.warmup_s)
    }

    /// The longest that a server needs.
    pub fn needed(&self) -> Duration {
        let needed = self.pilots.iter().map(|pilot| time(pilot.steady_after_s));
        needed.max().unwrap_or_default()
    }
}

/// A record is untrusted: a time out of range is none.
fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
