//! A condition on a figure, given with `--assert`, and whether the measurement holds it.

use serde::{Deserialize, Serialize};

use super::search::Slo;

/// A figure that a condition can be about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AssertMetric {
    /// This quantile of the response time, one of [`Slo::QUANTILES`].
    Response(f64),
    /// This quantile of the service time.
    Service(f64),
    /// Correct replies per second.
    Throughput,
    /// Failed requests and connects, from the start of the window on.
    Errors,
    /// Requests without any reply when the drain ended.
    Unanswered,
    /// The server's CPU time per correct reply.
    Cpu,
    /// The server's peak memory (PSS).
    Memory,
    /// Clients with a correct reply to a request of the sample.
    Served,
    /// Clients without one.
    Unserved,
}

/// The unit of an asserted figure, in the record and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertUnit {
    /// Nanoseconds; written with a unit: `10ms`.
    LatencyNs,
    /// Microseconds of CPU time; written with a unit: `20us`.
    CpuUs,
    /// Requests per second: `5000`, `5k`.
    PerSecond,
    /// Bytes; written with a unit: `64MiB`.
    Bytes,
    /// A whole number.
    Count,
}

/// The prefix of the quantiles of the service time.
const SERVICE: &str = "service-";

impl AssertMetric {
    /// All metrics.
    pub fn all() -> Vec<AssertMetric> {
        let quantiles = Slo::QUANTILES.map(|(_, q)| q);
        let response = quantiles.map(AssertMetric::Response);
        let service = quantiles.map(AssertMetric::Service);
        let others = [
            AssertMetric::Throughput,
            AssertMetric::Errors,
            AssertMetric::Unanswered,
            AssertMetric::Cpu,
            AssertMetric::Memory,
            AssertMetric::Served,
            AssertMetric::Unserved,
        ];
        [&response[..], &others, &service].concat()
    }

    /// Its name on the command line and in the record: `p99`, `service-p99`, `cpu`.
    pub fn name(self) -> String {
        let quantile = |quantile| {
            let target = Slo {
                quantile,
                limit_ns: 0,
            };
            target.name()
        };
        match self {
            AssertMetric::Response(q) => quantile(q).to_owned(),
            AssertMetric::Service(q) => format!("{SERVICE}{}", quantile(q)),
            AssertMetric::Throughput => "throughput".to_owned(),
            AssertMetric::Errors => "errors".to_owned(),
            AssertMetric::Unanswered => "unanswered".to_owned(),
            AssertMetric::Cpu => "cpu".to_owned(),
            AssertMetric::Memory => "memory".to_owned(),
            AssertMetric::Served => "served".to_owned(),
            AssertMetric::Unserved => "unserved".to_owned(),
        }
    }

    /// Whether a smaller figure is better.
    pub fn is_less_better(self) -> bool {
        !matches!(self, AssertMetric::Throughput | AssertMetric::Served)
    }

    /// The unit of its figure.
    pub fn unit(self) -> AssertUnit {
        match self {
            AssertMetric::Response(_) | AssertMetric::Service(_) => AssertUnit::LatencyNs,
            AssertMetric::Cpu => AssertUnit::CpuUs,
            AssertMetric::Throughput => AssertUnit::PerSecond,
            AssertMetric::Memory => AssertUnit::Bytes,
            AssertMetric::Errors
            | AssertMetric::Unanswered
            | AssertMetric::Served
            | AssertMetric::Unserved => AssertUnit::Count,
        }
    }
}

impl TryFrom<String> for AssertMetric {
    type Error = String;

    fn try_from(name: String) -> Result<AssertMetric, String> {
        let mut all = AssertMetric::all().into_iter();
        let known = all.find(|metric| metric.name() == name);
        known.ok_or_else(|| format!("unknown metric {name:?} of an assertion"))
    }
}

impl From<AssertMetric> for String {
    fn from(metric: AssertMetric) -> String {
        metric.name()
    }
}

/// A condition on a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assertion {
    /// The condition as it was given, such as `p99<10ms`.
    pub text: String,
    /// The figure.
    pub metric: AssertMetric,
    /// The limit: latencies in nanoseconds, `throughput` per second, `cpu` in microseconds,
    /// `memory` in bytes, all others numbers.
    pub limit: f64,
    /// Whether a figure that equals the limit violates the condition.
    pub is_strict: bool,
}

impl Assertion {
    /// Whether this figure is within the limit.
    pub fn allows(&self, figure: f64) -> bool {
        match (self.metric.is_less_better(), self.is_strict) {
            (true, true) => figure < self.limit,
            (true, false) => figure <= self.limit,
            (false, true) => figure > self.limit,
            (false, false) => figure >= self.limit,
        }
    }
}

/// Whether a condition holds, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssertVerdict {
    /// It holds.
    Holds,
    /// The measurement cannot say.
    Undecided,
    /// It does not hold.
    Violated,
}

/// Why a measurement cannot say whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssertDoubt {
    /// No trial was completed.
    NoTrial,
    /// Not measured, as the CPU time of a server that this program did not start.
    NotMeasured,
    /// Too few samples are beyond the quantile.
    FewSamples,
    /// Requests without a reply make the quantile a lower bound.
    LowerBound,
    /// Clients were never served, and their waiting time is unknown.
    Starved,
    /// The rate was over capacity: a longer trial has longer response times.
    OverCapacity,
    /// The generator was the limit, so the server may be better.
    GeneratorLimited,
    /// Scheduling delay of the generator is in the figure, so the server may be better.
    SchedulingDelay,
    /// The hypervisor took time from the machine, so the server may be better.
    HypervisorSteal,
    /// Connections were still being made when the window began.
    StillConnecting,
    /// Little's law does not hold.
    LittlesLaw,
    /// The figure rose or fell over the window.
    Trend,
    /// Times were over the maximum of the histograms.
    HistogramOverflow,
    /// A trial is suspect for a reason that this version does not know.
    Suspect,
    /// A trial is invalid.
    Invalid,
    /// Ctrl-C ended the only trial early.
    EndedEarly,
    /// The trials differ too much for their number.
    Spread,
}

/// A condition, and whether the measurement holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssertInfo {
    /// The condition.
    #[serde(flatten)]
    pub assertion: Assertion,
    /// The worst verdict of its cells; undecided if no cell has the figure.
    pub verdict: AssertVerdict,
    /// The figure of the cell with the worst verdict, in the unit of `limit`; null if unknown.
    pub figure: Option<f64>,
    /// The cells that it is about.
    pub cells: Vec<AssertCell>,
}

/// A condition on one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssertCell {
    /// The position of the cell in `cells` of the record, from 0.
    pub cell: usize,
    /// The number of trials.
    pub trials: usize,
    /// The median over trials; for counts the worst trial; null if unknown.
    pub figure: Option<f64>,
    /// Lower end of the 95 % confidence interval over trials; the figure itself for one trial and
    /// for counts; null if unknown.
    pub low: Option<f64>,
    /// Upper end of that interval.
    pub high: Option<f64>,
    /// Whether the condition holds.
    pub verdict: AssertVerdict,
    /// Why it is undecided; null if it is decided.
    pub doubt: Option<AssertDoubt>,
}
