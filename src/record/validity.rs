//! Whether a trial is valid, and what the checks found, as codes with values.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::ErrorCounts;
use super::no_replies::NoReplyCause;
use super::rank_name::RankName;
use super::trend::{TrendCause, TrendMetric};
use crate::sys::Priority;

/// Whether a trial is valid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredValidity")]
pub struct Validity {
    /// The verdict.
    pub verdict: Verdict,
    /// What the checks found, the most serious first. A record from before this field has one
    /// finding with the code `legacy` per reason.
    pub findings: Vec<ValidityFinding>,
    /// The findings as text, in the same order, each with what to do. Programs should read
    /// `findings`.
    pub reasons: Vec<String>,
}

/// Whether the results of a trial can be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Without restriction.
    #[default]
    Valid,
    /// Only with the reasons in mind.
    Suspect,
    /// The results cannot be used.
    Invalid,
}

/// What a check on the validity of a trial found. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", content = "values", rename_all = "kebab-case")]
pub enum ValidityFinding {
    /// No correct reply arrived inside the window.
    NoReplies {
        /// Why, as far as it is known.
        #[serde(default)]
        cause: NoReplyCause,
    },
    /// Ctrl-C ended the trial before the end of its window.
    EndedEarly {
        /// The planned length of the window.
        planned_s: f64,
        /// Its measured length.
        measured_s: f64,
    },
    /// The windows of some generators ended before those of the others.
    WindowsDiffer {
        /// The shortest, in seconds.
        shortest_s: f64,
        /// The longest, in seconds, of which the figures are.
        longest_s: f64,
    },
    /// The load generator was the limit, so the throughput is a lower bound.
    GeneratorLimited {
        /// The share of the window in which its busiest thread used a core.
        busy_share: f64,
        /// The share of the window in which one of its threads waited for a core.
        waited_share: f64,
        /// Its threads.
        threads: usize,
        /// The cores that this program could use.
        cores: usize,
    },
    /// The rate of an open loop was over capacity.
    OverCapacity {
        /// Requests planned per second.
        offered_rps: f64,
        /// Correct replies per second.
        achieved_rps: f64,
    },
    /// Connections were still being made when the window began.
    StillConnecting {
        /// The time that all connects take.
        ramp_s: f64,
    },
    /// Over 10 % of the median latency is scheduling delay of the generator.
    SchedulingDelay {
        /// The median scheduling delay.
        lag_p50_ns: u64,
        /// The median latency.
        latency_p50_ns: u64,
        /// The median of the latencies without the scheduling delay; null in older records.
        #[serde(default)]
        undelayed_p50_ns: Option<u64>,
    },
    /// The kernel gave no time stamps for many replies. This is no reason to doubt the trial.
    NoStamps {
        /// Replies without a stamp, which arrived when they were read.
        unstamped: u64,
        /// Replies.
        replies: u64,
    },
    /// A priority of the generator that was asked for was not had to the end. This is no reason to
    /// doubt the trial.
    ClientPriority {
        /// What was asked for.
        asked: Priority,
        /// What its threads had at the end.
        got: Priority,
    },
    /// Too many requests or connects failed.
    Failures {
        /// The failures by kind.
        errors: ErrorCounts,
        /// Requests in the sample.
        samples: u64,
        /// A description of the first wrong reply; null if no reply was wrong.
        first_wrong: Option<String>,
    },
    /// Little's law does not hold.
    LittlesLaw {
        /// The mean number of requests in progress.
        under_way_mean: f64,
        /// Throughput multiplied by the mean latency.
        throughput_times_latency: f64,
    },
    /// A figure rose or fell over the window.
    Trend {
        /// The figure.
        metric: TrendMetric,
        /// Its change over the window as a share of its median: over 0 it rose, below 0 it fell.
        change_share: f64,
        /// What caused it; null in older records, whose test took correlated slices for
        /// independent ones.
        #[serde(default)]
        cause: Option<TrendCause>,
    },
    /// The hypervisor took time from the machine.
    HypervisorSteal {
        /// The share of all cores' time that it took.
        stolen_share: f64,
    },
    /// The server did not stop cleanly.
    UncleanStop {},
    /// The program is a debug build.
    DebugBuild {},
    /// Times were over the maximum of the histograms.
    HistogramOverflow {
        /// The number of these times.
        times: u64,
    },
    /// These are the figures of some of the generators of the load only.
    MissingRanks {
        /// The numbers of those that are missing.
        missing: Vec<usize>,
        /// How many generators there are.
        ranks: usize,
    },
    /// The generators did not begin together.
    RanksApart {
        /// The time between the first and the last begin, each by its own clock.
        apart_ns: u64,
    },
    /// Generators were busy all the time.
    SaturatedRanks {
        /// Which.
        ranks: Vec<RankName>,
        /// The largest share of the window in which a thread of theirs used a core.
        busy_share: f64,
    },
    /// The requests of some generators took much longer than those of the others.
    Stragglers {
        /// Which.
        ranks: Vec<RankName>,
        /// The longest of their median response times.
        p50_ns: u64,
        /// The median over all generators of the median response time.
        usual_p50_ns: u64,
    },
    /// A reason from a record that has only text.
    Legacy {
        /// The reason.
        text: String,
    },
    /// A finding of a newer version of this program.
    #[serde(untagged)]
    Unknown {
        /// Its code.
        code: String,
        /// Its values.
        #[serde(default)]
        values: Value,
    },
}

impl ValidityFinding {
    /// The code, as in the record.
    pub fn code(&self) -> &str {
        match self {
            ValidityFinding::NoReplies { .. } => "no-replies",
            ValidityFinding::EndedEarly { .. } => "ended-early",
            ValidityFinding::WindowsDiffer { .. } => "windows-differ",
            ValidityFinding::GeneratorLimited { .. } => "generator-limited",
            ValidityFinding::OverCapacity { .. } => "over-capacity",
            ValidityFinding::StillConnecting { .. } => "still-connecting",
            ValidityFinding::SchedulingDelay { .. } => "scheduling-delay",
            ValidityFinding::NoStamps { .. } => "no-stamps",
            ValidityFinding::ClientPriority { .. } => "client-priority",
            ValidityFinding::Failures { .. } => "failures",
            ValidityFinding::LittlesLaw { .. } => "littles-law",
            ValidityFinding::Trend { .. } => "trend",
            ValidityFinding::HypervisorSteal { .. } => "hypervisor-steal",
            ValidityFinding::UncleanStop {} => "unclean-stop",
            ValidityFinding::DebugBuild {} => "debug-build",
            ValidityFinding::HistogramOverflow { .. } => "histogram-overflow",
            ValidityFinding::MissingRanks { .. } => "missing-ranks",
            ValidityFinding::RanksApart { .. } => "ranks-apart",
            ValidityFinding::SaturatedRanks { .. } => "saturated-ranks",
            ValidityFinding::Stragglers { .. } => "stragglers",
            ValidityFinding::Legacy { .. } => "legacy",
            ValidityFinding::Unknown { code, .. } => code,
        }
    }

    /// What the finding means for the trial; `None` if only the trial's own verdict says it.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            ValidityFinding::NoReplies { .. } | ValidityFinding::MissingRanks { .. } => {
                Some(Verdict::Invalid)
            }
            // What affects all servers of a round cancels out in the ratios within rounds.
            ValidityFinding::Trend {
                cause: Some(TrendCause::Machine { .. }),
                ..
            }
            | ValidityFinding::NoStamps { .. }
            | ValidityFinding::ClientPriority { .. } => Some(Verdict::Valid),
            ValidityFinding::Legacy { .. } | ValidityFinding::Unknown { .. } => None,
            _ => Some(Verdict::Suspect),
        }
    }
}

/// A [`Validity`] as it is stored: records from before `findings` have only reasons.
#[derive(Deserialize)]
struct StoredValidity {
    verdict: Verdict,
    #[serde(default)]
    findings: Vec<ValidityFinding>,
    reasons: Vec<String>,
}

impl From<StoredValidity> for Validity {
    fn from(stored: StoredValidity) -> Validity {
        let mut findings = stored.findings;
        let unnamed = stored.reasons.iter().skip(findings.len()).cloned();
        let legacy: Vec<_> = unnamed
            .map(|text| ValidityFinding::Legacy { text })
            .collect();
        findings.extend(legacy);
        Validity {
            verdict: stored.verdict,
            findings,
            reasons: stored.reasons,
        }
    }
}
