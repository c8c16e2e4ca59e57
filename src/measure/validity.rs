//! Checks on the validity of a trial. Each reason has three parts: what was measured, what it
//! means, what to do.

use super::{environment, validity};
use crate::load::{Load, Measured, Quantile, Slice};
use crate::record::{LoadSpec, Trial, Validity, Verdict};
use crate::stats::{kendall_z, median, theil_sen};

/// A trial is suspect if the hypervisor took more than this share of the machine's time.
const MAX_STEAL: f64 = 0.05;
/// A trial is suspect if the generator's median scheduling delay is over this share of the median
/// latency.
const MAX_DELAY_SHARE: f64 = 0.5;
/// A trial is suspect if more than this share of the requests failed.
const MAX_FAILED_SHARE: f64 = 0.01;
/// The two sides of Little's law may differ by this share.
const LITTLES_LAW_TOLERANCE: f64 = 0.1;
/// A trend counts if chance alone causes it in less than one window of a thousand …
const TREND_Z: f64 = 3.29;
/// … and throughput changes by at least this share between the ends of the window, …
const THROUGHPUT_TREND: f64 = 0.25;
/// … or the latency of an open loop by at least this factor.
const LATENCY_TREND: f64 = 2.0;

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
        (errors.total() - expected) as f64 / recorder.latency.count().max(1) as f64
    }

    /// Whether the rate exceeded the capacity, by accident or in an overload. Signs of saturation
    /// are then the result itself, not a reason to doubt it.
    fn is_saturated(&self) -> bool {
        self.trial.over_capacity() || self.trial.overload.is_some()
    }
}

/// One check: `None` if it finds nothing, else the verdict and the reason.
type Check = fn(&Evidence<'_>) -> Option<(Verdict, String)>;

/// All checks, the most serious first.
pub(crate) static ALL: &[Check] = &[
    no_replies,
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
];

fn suspect(reason: String) -> Option<(Verdict, String)> {
    Some((Verdict::Suspect, reason))
}

fn no_replies(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    (evidence.measured.recorder.requests == 0).then(|| {
        let reason = "no correct reply arrived inside the window, so the trial has no result; give a longer --duration, or find the cause of the errors";
        (Verdict::Invalid, reason.to_owned())
    })
}

fn generator_limited(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let generator = &evidence.trial.generator;
    if !generator.limited {
        return None;
    }
    let busy = generator.busy_fraction * 100.0;
    let window = evidence.measured.efforts.first();
    let window = window.map_or(1.0, |effort| effort.elapsed.as_secs_f64());
    let waiting = generator.run_delay_s / window * 100.0;
    let waited = if waiting > 5.0 {
        format!(" and waited for a core for {waiting:.0} %")
    } else {
        String::new()
    };
    // More threads help only if there are cores that neither generator nor server uses.
    let remedy = if environment::cores() > 2 * generator.threads && waiting <= 5.0 {
        "give a higher --client-threads"
    } else {
        "compare CPU per request instead, or use a machine with more cores"
    };
    suspect(format!(
        "the load generator was the limit: it used a core for {busy:.0} % of the time{waited}, so the server may be faster than measured; {remedy}"
    ))
}

fn over_capacity(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let trial = evidence.trial;
    let offered = trial.offered_rps.filter(|_| trial.over_capacity())?;
    suspect(format!(
        "offered {}, achieved {}: the rate was over capacity, so the latencies depend only on the length of the run; give a lower rate",
        rate(offered),
        rate(trial.throughput_rps)
    ))
}

/// If the warm-up is shorter than the ramp of connects, the window includes connecting.
fn still_connecting(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let load = evidence.load;
    let ramp = Load::ramp(load.connections());
    (load.warmup < ramp && load.requests_per_connection.is_none())
        .then(|| {
            format!(
                "connections were still being made when the window began, so the window includes connecting; give a --warmup of {ramp:?} or more"
            )
        })
        .and_then(suspect)
}

fn scheduling_delay(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let latency = evidence.measured.recorder.latency.quantile(0.5);
    let latency = latency.map_or(0, Quantile::at_least_ns);
    // A closed loop has no planned times, so it has no scheduling delay.
    evidence.load.rate_rps?;
    let lag = evidence.trial.generator.lag_ns.p50?;
    if lag as f64 <= MAX_DELAY_SHARE * latency as f64 {
        return None;
    }
    let (lag, latency) = (lag / 1000, latency / 1000);
    suspect(format!(
        "the generator sent half of the requests over {lag} µs late, and the median latency is {latency} µs, so much of the latency is scheduling delay of the generator; give a lower rate"
    ))
}

fn failures(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    if evidence.failed_share() <= MAX_FAILED_SHARE {
        return None;
    }
    let recorder = &evidence.measured.recorder;
    let (failed, samples) = (recorder.errors.total(), recorder.latency.count());
    let first_wrong = recorder
        .first_wrong
        .as_ref()
        .map(|wrong| format!("; the first wrong reply was {wrong}"));
    let kinds = recorder.errors.kinds();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    suspect(format!(
        "{failed} requests or connects failed ({}), compared with {samples} requests in the sample; the throughput does not include them; find the cause{}",
        kinds.join(", "),
        first_wrong.unwrap_or_default()
    ))
}

/// Little's law holds when requests end at the rate at which they start. Other checks report
/// requests that never end or that fail.
fn littles_law(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let flow = &evidence.measured.recorder.flow;
    let (in_progress, product) = (flow.under_way_mean(), flow.throughput_times_latency());
    let has_other_reason = evidence.trial.clients_unserved > 0
        || evidence.failed_share() > MAX_FAILED_SHARE
        || evidence.is_saturated()
        || evidence.measured.recorder.requests == 0;
    // Below a tenth of a request in progress, one slow request makes the difference.
    let is_balanced = (product - in_progress).abs() <= LITTLES_LAW_TOLERANCE * in_progress.max(0.1);
    if has_other_reason || is_balanced {
        return None;
    }
    suspect(format!(
        "Little's law does not hold: {in_progress:.3} requests were in progress on average, but throughput times latency is {product:.3}: the load had not reached a steady state; give a longer --warmup or --duration"
    ))
}

/// A trend over the window: its significance by Kendall's rank correlation with time, its size by
/// the slope of Theil and Sen.
fn trend(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let slices = evidence.measured.recorder.flow.slices();
    let has_other_reason = evidence.trial.clients_unserved > 0 || evidence.is_saturated();
    if has_other_reason || slices.iter().any(|slice| slice.replies == 0) {
        return None;
    }
    let (metric, values): (_, Vec<f64>) = if evidence.load.rate_rps.is_some() {
        // The load sets the throughput of an open loop; its latency may still change.
        let mean = |slice: &Slice| slice.latency_ns as f64 / slice.replies as f64;
        ("latency", slices.iter().map(mean).collect())
    } else {
        let replies = slices.iter().map(|slice| slice.replies as f64);
        ("throughput", replies.collect())
    };
    let change = theil_sen(&values) * (values.len() - 1) as f64 / median(&values);
    let is_large = match evidence.load.rate_rps {
        // The ratio of the ends of the window, with the median in the middle.
        Some(_) => {
            (1.0 + change.abs() / 2.0) / (1.0 - change.abs() / 2.0).max(0.01) >= LATENCY_TREND
        }
        None => change.abs() >= THROUGHPUT_TREND,
    };
    if kendall_z(&values).abs() < TREND_Z || !is_large {
        return None;
    }
    let direction = if change > 0.0 { "rose" } else { "fell" };
    let percent = change.abs() * 100.0;
    suspect(format!(
        "{metric} {direction} by {percent:.0} % of its median over the window, so the load was not steady; give a longer --warmup, or measure when the machine is less busy"
    ))
}

fn hypervisor_steal(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let percent = evidence.steal * 100.0;
    (evidence.steal > MAX_STEAL)
        .then(|| {
            format!(
                "the hypervisor took {percent:.0} % of the machine's time, so the results depend on other virtual machines; measure when the host is less busy"
            )
        })
        .and_then(suspect)
}

fn unclean_stop(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    (!evidence.orderly_end)
        .then(|| {
            "the server did not stop cleanly when it was asked to stop, so it may have failed during the trial; read its error output".to_owned()
        })
        .and_then(suspect)
}

fn debug_build(_: &Evidence<'_>) -> Option<(Verdict, String)> {
    cfg!(debug_assertions)
        .then(|| {
            "this is a debug build, so the results do not apply to a release build; measure with cargo run --release".to_owned()
        })
        .and_then(suspect)
}

fn histogram_overflow(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let overflow = evidence.measured.recorder.overflow;
    (overflow > 0)
        .then(|| {
            format!(
                "{overflow} measured times were over one hour, the maximum of the histograms, so the quantiles do not include them; give a shorter --timeout"
            )
        })
        .and_then(suspect)
}

/// Such as `950/s` or `131k/s`.
fn rate(rps: f64) -> String {
    match rps {
        rps if rps < 9_950.0 => format!("{rps:.0}/s"),
        rps => format!("{:.0}k/s", rps / 1000.0),
    }
}

/// The verdict on a trial, with its reasons.
pub(crate) fn validity(evidence: &Evidence<'_>) -> Validity {
    let found = validity::ALL.iter().filter_map(|check| check(evidence));
    let (verdicts, reasons): (Vec<Verdict>, Vec<String>) = found.unzip();
    Validity {
        verdict: verdicts.into_iter().max().unwrap_or(Verdict::Valid),
        reasons,
    }
}
