//! Checks on the validity of a trial. `findings::validity_sentences` says what each finding means
//! and what to do.

use super::{environment, no_replies, trend};
use crate::findings::validity_sentences::sentence;
use crate::load::{Load, Measured};
use crate::record::{LoadSpec, TrendCause, Trial, Validity, ValidityFinding, Verdict};

/// A trial is suspect if the hypervisor took more than this share of the machine's time.
const MAX_STEAL: f64 = 0.05;
/// It is noted if more than this share of the replies has no time stamp.
const MAX_UNSTAMPED_SHARE: f64 = 0.1;
/// A trial is suspect if more than this share of the requests failed.
const MAX_FAILED_SHARE: f64 = 0.01;
/// The two sides of Little's law may differ by this share.
const LITTLES_LAW_TOLERANCE: f64 = 0.1;

/// The input of the checks.
pub(crate) struct Evidence<'a> {
    pub(crate) load: &'a LoadSpec,
    pub(crate) measured: &'a Measured,
    /// The trial, complete except for its validity.
    pub(crate) trial: &'a Trial,
    /// The share of all cores' time that the hypervisor took, from 0 to 1.
    pub(crate) steal: f64,
    /// Whether the server stopped cleanly.
    pub(crate) orderly_end: bool,
}

impl Evidence<'_> {
    fn failed_share(&self) -> f64 {
        let recorder = &self.measured.recorder;
        let errors = &recorder.errors;
        // Timeouts are an expected result of an overload.
        let expected = self.trial.overload.map_or(0, |_| errors.timeout);
        let requests = recorder.latency.count() + recorder.older.ended;
        (errors.total() - expected) as f64 / requests.max(1) as f64
    }

    /// Whether the rate exceeded the capacity, by accident or in an overload. Signs of saturation
    /// are then the result itself, not a reason to doubt it.
    fn is_saturated(&self) -> bool {
        self.trial.over_capacity() || self.trial.overload.is_some()
    }
}

/// One check: `None` if it finds nothing.
type Check = fn(&Evidence<'_>) -> Option<ValidityFinding>;

/// All checks, the most serious first.
pub(crate) static ALL: &[Check] = &[
    without_replies,
    ended_early,
    generator_limited,
    over_capacity,
    still_connecting,
    scheduling_delay,
    failures,
    littles_law,
    trend,
    hypervisor_steal,
    unclean_stop,
    debug_build,
    histogram_overflow,
    no_stamps,
    client_priority,
];

fn without_replies(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let recorder = &evidence.measured.recorder;
    (recorder.requests == 0).then(|| ValidityFinding::NoReplies {
        cause: no_replies::cause(recorder),
    })
}

fn ended_early(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let trial = evidence.trial;
    trial.interrupted.then(|| ValidityFinding::EndedEarly {
        planned_s: evidence.load.duration.as_secs_f64(),
        measured_s: trial.window_s(evidence.load),
    })
}

fn generator_limited(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let generator = &evidence.trial.generator;
    let window = evidence.measured.efforts.first();
    let waited_share = window.map_or(0.0, |effort| {
        generator.run_delay_s / effort.elapsed.as_secs_f64()
    });
    generator
        .limited
        .then(|| ValidityFinding::GeneratorLimited {
            busy_share: generator.busy_fraction,
            waited_share,
            threads: generator.threads,
            cores: environment::cores(),
        })
}

fn over_capacity(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let trial = evidence.trial;
    Some(ValidityFinding::OverCapacity {
        offered_rps: trial.offered_rps.filter(|_| trial.over_capacity())?,
        achieved_rps: trial.throughput_rps,
    })
}

/// If the warm-up is shorter than the ramp of connects, the window includes connecting.
fn still_connecting(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let load = evidence.load;
    let ramp = Load::ramp(load.connections());
    let is_short = load.warmup < ramp && load.requests_per_connection.is_none();
    is_short.then_some(ValidityFinding::StillConnecting {
        ramp_s: ramp.as_secs_f64(),
    })
}

/// The median of the latency must hardly depend on the generator. Higher quantiles that do are
/// marked, and rank no server.
fn scheduling_delay(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let trial = evidence.trial;
    // A closed loop has no planned times, so it has no scheduling delay.
    evidence.load.rate_rps?;
    let is_large = trial.is_delayed(|quantiles| quantiles.p50);
    is_large.then_some(ValidityFinding::SchedulingDelay {
        lag_p50_ns: trial.delays.as_ref()?.scheduling.p50?,
        latency_p50_ns: trial.latency_ns.p50?,
        undelayed_p50_ns: trial.delays.as_ref()?.response_minus_scheduling_ns.p50,
    })
}

fn no_stamps(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let recorder = &evidence.measured.recorder;
    let delays = recorder.delays.as_ref();
    let delays = delays.filter(|_| evidence.load.takes_stamps())?;
    let replies = delays.undelayed.answered.len();
    let is_many = delays.unstamped as f64 > MAX_UNSTAMPED_SHARE * replies as f64;
    is_many.then_some(ValidityFinding::NoStamps {
        unstamped: delays.unstamped,
        replies,
    })
}

fn client_priority(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let asked = evidence.load.client_priority;
    let got = evidence.measured.priority;
    (got < asked).then_some(ValidityFinding::ClientPriority { asked, got })
}

fn failures(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let recorder = &evidence.measured.recorder;
    (evidence.failed_share() > MAX_FAILED_SHARE).then(|| ValidityFinding::Failures {
        errors: recorder.errors.clone(),
        samples: recorder.latency.count(),
        first_wrong: recorder.first_wrong.clone(),
    })
}

/// Little's law holds when requests end at the rate at which they start. Other checks report
/// requests that never end or that fail.
fn littles_law(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let flow = &evidence.measured.recorder.flow;
    let (in_progress, product) = (flow.under_way_mean(), flow.throughput_times_latency());
    let has_other_reason = evidence.trial.clients_unserved > 0
        || evidence.failed_share() > MAX_FAILED_SHARE
        || evidence.is_saturated()
        || evidence.measured.recorder.requests == 0;
    // Below a tenth of a request in progress, one slow request makes the difference.
    let is_balanced = (product - in_progress).abs() <= LITTLES_LAW_TOLERANCE * in_progress.max(0.1);
    (!has_other_reason && !is_balanced).then_some(ValidityFinding::LittlesLaw {
        under_way_mean: in_progress,
        throughput_times_latency: product,
    })
}

/// Throughput, or in an open loop the latency, rose or fell over the window. What caused it is known
/// when the round is complete.
fn trend(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let trend = evidence.trial.trend.filter(trend::counts)?;
    Some(ValidityFinding::Trend {
        metric: trend.metric,
        change_share: trend.change_share,
        cause: Some(TrendCause::Unknown),
    })
}

fn hypervisor_steal(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    (evidence.steal > MAX_STEAL).then_some(ValidityFinding::HypervisorSteal {
        stolen_share: evidence.steal,
    })
}

fn unclean_stop(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    (!evidence.orderly_end).then_some(ValidityFinding::UncleanStop {})
}

fn debug_build(_: &Evidence<'_>) -> Option<ValidityFinding> {
    cfg!(debug_assertions).then_some(ValidityFinding::DebugBuild {})
}

fn histogram_overflow(evidence: &Evidence<'_>) -> Option<ValidityFinding> {
    let times = evidence.measured.recorder.overflow;
    (times > 0).then_some(ValidityFinding::HistogramOverflow { times })
}

/// The verdict on a trial, with what the checks found.
pub(crate) fn validity(evidence: &Evidence<'_>) -> Validity {
    let found = ALL.iter().filter_map(|check| check(evidence));
    let findings: Vec<ValidityFinding> = found.collect();
    let verdicts = findings.iter().filter_map(ValidityFinding::verdict);
    Validity {
        verdict: verdicts.max().unwrap_or(Verdict::Valid),
        reasons: findings.iter().map(sentence).collect(),
        findings,
    }
}
