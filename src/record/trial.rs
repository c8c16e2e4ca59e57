//! The result of one trial.

use serde::{Deserialize, Serialize};

use super::delays::Delays;
use super::errors::ErrorCounts;
use super::lag::Lag;
use super::load::LoadSpec;
use super::machine::MachineSide;
use super::quantiles::Quantiles;
use super::ranks::RankSide;
use super::series::{Interval, Overload};
use super::slices::Slices;
use super::trend::Trend;
use super::validity::Validity;
use super::window_times::WindowTimes;
use crate::sys::Priority;

/// The result of one trial. Each trial uses a fresh server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its position among all trials of the record, from 0.
    pub order: usize,
    /// Its round; the trials of one round ran one after the other.
    pub round: usize,
    /// Whether Ctrl-C ended its window early. Such a trial is the last one of its cell.
    #[serde(default)]
    pub interrupted: bool,
    /// The length of its window in seconds; null in records from before this field. It is the
    /// `duration_s` of the load, or less if the trial was interrupted.
    #[serde(default)]
    pub measured_s: Option<f64>,
    /// The edges of its window; null in older records, and where several generators were started by
    /// hand.
    #[serde(default)]
    pub window: Option<WindowTimes>,
    /// Correct replies inside the window.
    pub requests: u64,
    /// Correct replies per second.
    pub throughput_rps: f64,
    /// Open loop: requests planned inside the window, per second; null in a closed loop.
    #[serde(default)]
    pub offered_rps: Option<f64>,
    /// Open loop: requests planned inside the window; null in a closed loop.
    #[serde(default)]
    pub planned: Option<u64>,
    /// Open loop: requests planned inside the window minus requests that ended inside it; null in a
    /// closed loop.
    #[serde(default)]
    pub backlog_growth: Option<i64>,
    /// Requests in the sample: planned inside the window. In records without `older`: planned
    /// before its end and not ended before its start.
    pub samples: u64,
    /// Response time: from the planned send to the reply.
    pub latency_ns: Quantiles,
    /// Service time: from the actual send to the reply, of answered requests.
    pub service_ns: Quantiles,
    /// The parts of the response times; null in a closed loop without time stamps, and in older
    /// records.
    #[serde(default)]
    pub delays: Option<Delays>,
    /// Connect times.
    pub connect_ns: Quantiles,
    /// Quantiles of `latency_ns` beyond this are lower bounds.
    pub exact_below: f64,
    /// Requests of the sample without a correct reply.
    pub censored: Censored,
    /// Clients with at least one correct reply inside the window.
    pub clients_served: usize,
    /// Clients with at least one request in the sample. Other clients count as neither served nor
    /// unserved.
    #[serde(default)]
    pub clients_asked: Option<usize>,
    /// Of these, clients without a correct reply to any request of the sample until the end of the
    /// drain.
    #[serde(default)]
    pub clients_unserved: usize,
    /// Of these, clients that received no reply at all and were still waiting at the end of the drain.
    #[serde(default)]
    pub clients_starved: usize,
    /// Jain's fairness index: 1 is even, 1/clients is all for one client. In a closed loop, and if
    /// a request may use any connection, over the clients' replies; else over the share of each
    /// client's planned requests that was answered.
    pub fairness_jain: Option<f64>,
    /// Requests without any reply when the drain ended: of the sample, and `older` ones.
    pub unanswered: u64,
    /// Requests planned before the window that had not ended when it began. They are in no
    /// latency.
    #[serde(default)]
    pub older: Option<Older>,
    /// Quantiles over clients of the longest wait of each client.
    pub client_wait_ns: ClientWait,
    /// Failures from the start of the window on.
    pub errors: ErrorCounts,
    /// Failures before the window, which are in no other figure but `connects`.
    #[serde(default)]
    pub warmup_errors: ErrorCounts,
    /// Results of connects.
    #[serde(default)]
    pub connects: Connects,
    /// The state of the idle connections.
    #[serde(default)]
    pub idle: Idle,
    /// Both sides of Little's law.
    #[serde(default)]
    pub littles_law: LittlesLaw,
    /// The trend of throughput (in an open loop: of the latency) over the window. `None` if clients
    /// were left unserved, over capacity, for too few replies, and in older records.
    #[serde(default)]
    pub trend: Option<Trend>,
    /// The histograms, HdrHistogram V2 with DEFLATE, in base64.
    pub histograms: Histograms,
    /// Results over time.
    pub series: Vec<Interval>,
    /// Replies in short slices of the window; null in older records.
    #[serde(default)]
    pub slices: Option<Slices>,
    /// For an overload (the rate falls): the goodput before the fall and the time to recover.
    #[serde(default)]
    pub overload: Option<Overload>,
    /// `rpcbench torture`, under attack: connections that the attackers made.
    #[serde(default)]
    pub hostile_connections: Option<u64>,
    /// `rpcbench torture`, calm and under attack: resources of the server before the first client
    /// connected and after the last one left.
    #[serde(default)]
    pub residue: Option<Residue>,
    /// The server's figures; all null for a server that this program did not start.
    pub server: ServerSide,
    /// The CPU time of the machine; null for a server that this program did not start, where
    /// several generators made the load, and in older records.
    #[serde(default)]
    pub machine: Option<MachineSide>,
    /// The share of all cores' time in the window that the hypervisor took, from 0 to 1; null in
    /// older records. Of several generators: the largest of their hosts.
    #[serde(default)]
    pub steal_share: Option<f64>,
    /// The load generator's figures.
    pub generator: GeneratorSide,
    /// The figures of each generator of a load that several made; empty for one generator.
    #[serde(default)]
    pub ranks: Vec<RankSide>,
    /// In the record of one generator of several: what it measured, for `rpcbench merge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// Whether the trial is valid.
    pub validity: Validity,
}

impl Trial {
    /// The length of its window in seconds; `load` is the load of its cell.
    pub fn window_s(&self, load: &LoadSpec) -> f64 {
        let planned_s = load.duration.as_secs_f64();
        let measured_s = self.measured_s.filter(|measured_s| *measured_s > 0.0);
        measured_s.unwrap_or(planned_s)
    }

    /// The requests that were under way in the window, or planned in it.
    pub fn requests_concerned(&self) -> u64 {
        self.samples + self.older.map_or(0, |older| older.count)
    }

    /// Whether over 10 % of a quantile of the response times is scheduling delay of the generator;
    /// `of` reads it. It is then marked.
    pub fn is_delayed(&self, of: fn(&Quantiles) -> Option<u64>) -> bool {
        let delays = self.delays.as_ref();
        delays.is_some_and(|delays| delays.moves(&self.latency_ns, of))
    }

    /// Whether the rate of an open loop was over the capacity of the server or the generator: the
    /// backlog grew over the window by more than a share of the planned requests, and by more than
    /// chance explains (three standard deviations of a Poisson count). Always false for an overload,
    /// because it is over capacity on purpose.
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

/// An open loop has kept up if at least this share of the planned requests ended inside the window.
pub const KEPT_UP: f64 = 0.95;

/// Requests of which only a lower bound of the latency is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Censored {
    /// Number of these requests.
    pub count: u64,
    /// The age of the youngest, in nanoseconds; 0 if there are none.
    pub min_age_ns: u64,
}

/// Requests planned before the window that had not ended when it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Older {
    /// How many ended in the window or later, or not at all.
    pub count: u64,
    /// Of these, how many had no reply when the drain ended.
    pub unanswered: u64,
    /// The longest time from the planned send to the end, or to the end of the drain.
    pub longest_ns: u64,
}

/// Quantiles over clients, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct ClientWait {
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
}

/// Results of connects: since the start of the load for connections that stay open to the end, else
/// inside the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connects {
    /// Started.
    pub begun: u64,
    /// Succeeded.
    pub made: u64,
    /// Refused by the server.
    pub refused: u64,
    /// Ended by the timeout.
    pub timed_out: u64,
    /// Failed in any other way.
    pub failed: u64,
    /// In progress when the load ended.
    pub pending: u64,
}

impl Connects {
    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Connects) {
        self.begun += other.begun;
        self.made += other.made;
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.failed += other.failed;
        self.pending += other.pending;
    }
}

/// The state of the idle connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Idle connections that were open at the end.
    pub open: u64,
    /// How many times the server closed one after the start of the window.
    pub closed: u64,
}

/// Both sides of Little's law. They are equal if requests end at the rate at which they start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LittlesLaw {
    /// Mean number of requests in progress (planned and not yet ended) over the window.
    pub under_way_mean: f64,
    /// Throughput multiplied by the mean latency of the replies inside the window.
    pub throughput_times_latency: f64,
}

/// Histograms in nanoseconds, serialised.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histograms {
    /// Latencies of answered requests.
    pub latency: String,
    /// Ages of requests without a correct reply.
    pub censored: String,
    /// Service times of answered requests.
    pub service: String,
    /// Connect times.
    pub connect: String,
    /// Scheduling delays of the generator, of all sends inside the window; empty in a closed loop
    /// and in older records.
    #[serde(default)]
    pub lag: String,
}

/// The server's figures in a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerSide {
    /// CPU seconds of all its processes in user mode, inside the window.
    pub cpu_user_s: Option<f64>,
    /// CPU seconds of all its processes in the kernel, inside the window.
    pub cpu_system_s: Option<f64>,
    /// CPU time (user and kernel) per correct reply, in microseconds.
    pub cpu_us_per_request: Option<f64>,
    /// How long after each edge of the window its CPU time was read.
    #[serde(default)]
    pub cpu_read_late_ns: Option<[u64; 2]>,
    /// Peak memory of all its processes in bytes, with shared pages divided (PSS), from samples;
    /// null where processes live too briefly to be read. Without kernel stacks, page tables and
    /// socket buffers.
    pub pss_peak_bytes: Option<u64>,
    /// Peak number of processes.
    pub processes_peak: Option<u64>,
    /// Peak number of threads.
    pub threads_peak: Option<u64>,
    /// Voluntary context switches of its threads inside the window, per correct reply: how often a
    /// thread slept and was woken up for a request. Null if a thread ended inside the window, with
    /// over 1,024 threads, and in older records.
    #[serde(default)]
    pub voluntary_switches_per_request: Option<f64>,
    /// Involuntary context switches, likewise: how often a core was taken from a thread.
    #[serde(default)]
    pub involuntary_switches_per_request: Option<f64>,
    /// Voluntary context switches from start to exit.
    pub ctx_voluntary: Option<u64>,
    /// Involuntary context switches from start to exit.
    pub ctx_involuntary: Option<u64>,
    /// Faults inside the window: connections ended by a fault, handler panics, lost workers.
    pub faults: Option<u64>,
    /// Of these, handler panics.
    #[serde(default)]
    pub panics: Option<u64>,
    /// Of these, worker processes (in `forking`: children) that ended unexpectedly.
    #[serde(default)]
    pub workers_lost: Option<u64>,
    /// Of these, workers that were killed because a handler did not return.
    #[serde(default)]
    pub workers_hung: Option<u64>,
    /// Figures of each worker; null if the model has no workers.
    pub workers: Option<Vec<WorkerSide>>,
}

/// Resources of a server, two figures each: before the first client connected and after the last
/// one left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residue {
    /// Open descriptors of all its processes.
    pub descriptors: [u64; 2],
    /// Processes.
    pub processes: [u64; 2],
    /// Threads.
    pub threads: [u64; 2],
    /// Memory (PSS), in bytes; null where it could not be read.
    pub pss_bytes: [Option<u64>; 2],
}

/// The figures of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSide {
    /// Requests served inside the window.
    pub requests: u64,
    /// Connections accepted since the server started.
    pub accepted: u64,
}

/// The load generator's figures in a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorSide {
    /// Number of its threads.
    pub threads: usize,
    /// Their scheduling priority at the end of the load, the lowest if they differ: as asked for,
    /// or lower where that is not permitted or the thread was too busy for it. Null in older
    /// records.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Whether its threads polled without sleeping until the end of the load. Null in older
    /// records.
    #[serde(default)]
    pub spins: Option<bool>,
    /// Its CPU time per correct reply, in microseconds, without polls that found nothing to do.
    pub cpu_us_per_request: Option<f64>,
    /// The share of the window in which its busiest thread used a core, from 0 to 1, without polls
    /// that found nothing to do.
    pub busy_fraction: f64,
    /// The longest time that one of its threads waited for a core, in total inside the window.
    pub run_delay_s: f64,
    /// Memory allocated by the whole process at the end of the window, in bytes.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Memory per connection in bytes, without the kernel's buffers.
    #[serde(default)]
    pub memory_bytes_per_connection: Option<f64>,
    /// Whether it was the limit. The throughput is then a lower bound of the server's.
    pub limited: bool,
    /// Scheduling delay of the generator: from the time at which a planned request could be sent to
    /// the actual send; null in a closed loop.
    pub lag_ns: Lag,
}
