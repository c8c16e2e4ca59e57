//! What one trial showed.

use serde::{Deserialize, Serialize};

use super::series::{Interval, Overload};

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
    /// Open loop: requests planned inside the window, a second; null in a closed loop.
    #[serde(default)]
    pub offered_rps: Option<f64>,
    /// Open loop: requests planned inside the window; null in a closed loop.
    #[serde(default)]
    pub planned: Option<u64>,
    /// Open loop: requests planned inside the window, less those that ended in it; null in a closed loop.
    #[serde(default)]
    pub backlog_growth: Option<i64>,
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
    /// Clients that had any request in the sample; the others are neither served nor not.
    #[serde(default)]
    pub clients_asked: Option<usize>,
    /// Of these, those whose requests in the sample were never answered rightly, not in the drain either.
    #[serde(default)]
    pub clients_unserved: usize,
    /// Of these, those that heard nothing at all and were left waiting.
    #[serde(default)]
    pub clients_starved: usize,
    /// Jain's index over the clients' replies: 1 is fair, 1/clients is one for all.
    pub fairness_jain: Option<f64>,
    /// Requests of the sample without any reply when the drain ended.
    pub unanswered: u64,
    /// Over clients: each one's longest wait.
    pub client_wait_ns: ClientWait,
    /// What failed, from the window's begin on.
    pub errors: ErrorCounts,
    /// How connects went.
    #[serde(default)]
    pub connects: Connects,
    /// What became of the idle connections.
    #[serde(default)]
    pub idle: Idle,
    /// Whether as much went in as came out.
    #[serde(default)]
    pub littles_law: LittlesLaw,
    /// The histograms, HdrHistogram V2 with DEFLATE, in base64.
    pub histograms: Histograms,
    /// Over time.
    pub series: Vec<Interval>,
    /// Of a load whose rate falls: how it stood the time before, and how long it took to catch up.
    #[serde(default)]
    pub overload: Option<Overload>,
    /// Under attack: connections that the hostile clients made.
    #[serde(default)]
    pub hostile_connections: Option<u64>,
    /// Under attack: what the server held before all clients came, and when all had gone.
    #[serde(default)]
    pub residue: Option<Residue>,
    /// The server's side; all null where it cannot be seen.
    pub server: ServerSide,
    /// The generator's side.
    pub generator: GeneratorSide,
    /// Whether to believe it.
    pub validity: Validity,
}

impl Trial {
    /// Whether an open loop's rate was over what the contestant, or the generator, can do: what
    /// was under way grew over the window by more than a share of the plan, and by more than
    /// chance explains (three standard deviations of a Poisson count). Never of an overload,
    /// which is meant to be.
    pub fn over_capacity(&self) -> bool {
        let (Some(planned), Some(growth), None) =
            (self.planned, self.backlog_growth, self.overload)
        else {
            return false;
        };
        let planned = planned as f64;
        growth as f64 > ((1.0 - KEPT_UP) * planned).max(3.0 * planned.sqrt())
    }
}

/// An open loop has kept up if so much of what was planned inside the window also ended there.
pub const KEPT_UP: f64 = 0.95;

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

/// How connects went; of connections that are never given up since the load's start, else inside the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connects {
    /// Tried.
    pub begun: u64,
    /// Succeeded.
    pub made: u64,
    /// Refused by the peer.
    pub refused: u64,
    /// Given up when their time was over.
    pub timed_out: u64,
    /// Failed in any other way.
    pub failed: u64,
    /// Under way when the load ended.
    pub pending: u64,
}

impl Connects {
    /// Adds others.
    pub fn add(&mut self, other: &Connects) {
        self.begun += other.begun;
        self.made += other.made;
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.failed += other.failed;
        self.pending += other.pending;
    }
}

/// What became of the idle connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Those that stood at the end.
    pub open: u64,
    /// How often the server closed one since the window began.
    pub closed: u64,
}

/// Two ways to the same number, if as much goes in as comes out (Little's law).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LittlesLaw {
    /// Requests under way, planned and not yet answered, on average over the window.
    pub under_way_mean: f64,
    /// Throughput times the mean latency of the replies inside the window.
    pub throughput_times_latency: f64,
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
    /// Of these, panics of a handler.
    #[serde(default)]
    pub panics: Option<u64>,
    /// Of these, worker processes (forking: children) that ended as they should not.
    #[serde(default)]
    pub workers_lost: Option<u64>,
    /// Of these, workers killed since a handler did not return.
    #[serde(default)]
    pub workers_hung: Option<u64>,
    /// Each worker's part inside the window; null where the model has no workers.
    pub workers: Option<Vec<WorkerSide>>,
}

/// What a server held before all clients came, and when all had gone: two figures each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residue {
    /// Open descriptors of all its processes.
    pub descriptors: [u64; 2],
    /// Processes.
    pub processes: [u64; 2],
    /// Threads.
    pub threads: [u64; 2],
    /// Memory (PSS).
    pub pss_bytes: [u64; 2],
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
    /// Memory that it had allocated at the window's end, whole process.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Memory that it held for each connection, without the kernel's buffers.
    #[serde(default)]
    pub memory_bytes_per_connection: Option<f64>,
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// The verdict.
    pub verdict: Verdict,
    /// What speaks against it, and what to do, in words.
    pub reasons: Vec<String>,
}

/// How far a trial is to be believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it stands.
    #[default]
    Valid,
    /// With the reasons in mind.
    Suspect,
    /// Not at all.
    Invalid,
}
