//! What can speak against a trial, each in words with what to do about it.

use super::{environment, validity};
use crate::load::{Load, Measured, Quantile, Slice};
use crate::record::{Trial, Validity, Verdict};
use crate::stats::{kendall_z, median, theil_sen};

/// More than this share of the machine's time taken by its hypervisor spoils a trial.
const STEAL: f64 = 0.05;
/// A generator whose median lag is over this share of the median latency measures itself.
const LATE: f64 = 0.5;
/// More than this share of requests failed is worth a word.
const FAILED: f64 = 0.01;
/// The two sides of Little's law may differ by this share.
const LITTLE: f64 = 0.1;
/// A trend is one if chance alone brings it about in less than one window of a thousand …
const TREND_Z: f64 = 3.29;
/// … and if it makes throughput change by this share from one end of the window to the other, …
const THROUGHPUT_TREND: f64 = 0.25;
/// … or an open loop's latency by this factor.
const LATENCY_TREND: f64 = 2.0;

/// What a trial is judged by.
pub(crate) struct Evidence<'a> {
    pub(crate) load: &'a Load,
    pub(crate) measured: &'a Measured,
    /// What the trial has shown, all but this.
    pub(crate) trial: &'a Trial,
    /// The share of all cores' time that the hypervisor took.
    pub(crate) steal: f64,
    /// Whether the server ended as it should.
    pub(crate) orderly_end: bool,
}

impl Evidence<'_> {
    fn failed(&self) -> f64 {
        let recorder = &self.measured.recorder;
        let errors = &recorder.errors;
        // What waits too long in an overload is its finding.
        let expected = self.trial.overload.map_or(0, |_| errors.timeout);
        (errors.total() - expected) as f64 / recorder.latency.count().max(1) as f64
    }

    /// Whether what speaks of a full house is the finding itself: more is planned than can be
    /// done, by mistake or as an overload.
    fn is_over_full(&self) -> bool {
        self.trial.over_capacity() || self.trial.overload.is_some()
    }
}

/// One kind of doubt: none, or how bad it is and the reason.
type Check = fn(&Evidence<'_>) -> Option<(Verdict, String)>;

/// All of them, the worst first.
pub(crate) static ALL: &[Check] = &[
    nothing_came,
    limited,
    over_capacity,
    still_connecting,
    late,
    failed,
    unbalanced,
    unsteady,
    stolen,
    ended_badly,
    debug_build,
    overflowed,
];

fn suspect(reason: String) -> Option<(Verdict, String)> {
    Some((Verdict::Suspect, reason))
}

fn nothing_came(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    (evidence.measured.recorder.requests == 0).then(|| {
        let reason =
            "no right reply came inside the window; give a longer --duration, or see the errors";
        (Verdict::Invalid, reason.to_owned())
    })
}

fn limited(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let generator = &evidence.trial.generator;
    if !generator.limited {
        return None;
    }
    let busy = generator.busy_fraction * 100.0;
    let window = evidence.measured.efforts.first();
    let window = window.map_or(1.0, |effort| effort.elapsed.as_secs_f64());
    let waiting = generator.run_delay_s / window * 100.0;
    let waited = if waiting > 5.0 {
        format!(" and waited for one for {waiting:.0} %")
    } else {
        String::new()
    };
    // More threads help only where there are cores that neither side uses.
    let remedy = if environment::cores() > 2 * generator.threads && waiting <= 5.0 {
        "give it more --client-threads"
    } else {
        "compare CPU a request, or use a machine with more cores"
    };
    suspect(format!(
        "the load generator was the limit: it used a core for {busy:.0} % of the time{waited}; {remedy}"
    ))
}

fn over_capacity(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let trial = evidence.trial;
    let offered = trial.offered_rps.filter(|_| trial.over_capacity())?;
    suspect(format!(
        "offered {}, achieved {}: over capacity, so the latencies only say how long the run was; a lower rate shows others",
        rate(offered),
        rate(trial.throughput_rps)
    ))
}

/// With a warm-up shorter than that, connecting is a part of what was measured.
fn still_connecting(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let load = evidence.load;
    let ramp = Load::ramp(load.connections());
    (load.warmup < ramp && load.requests_per_connection.is_none())
        .then(|| {
            format!(
                "connections were still being made when the window began; give a --warmup of {ramp:?} or more"
            )
        })
        .and_then(suspect)
}

fn late(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let latency = evidence.measured.recorder.latency.quantile(0.5);
    let latency = latency.map_or(0, Quantile::at_least_ns);
    // A closed loop has no plan to lag behind.
    evidence.load.schedule?;
    let lag = evidence.trial.generator.lag_ns.p50?;
    if lag as f64 <= LATE * latency as f64 {
        return None;
    }
    let (lag, latency) = (lag / 1000, latency / 1000);
    suspect(format!(
        "half of the requests were sent over {lag} µs late, of a median of {latency} µs; a lower rate leaves the generator more time"
    ))
}

fn failed(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    if evidence.failed() <= FAILED {
        return None;
    }
    let recorder = &evidence.measured.recorder;
    let (failed, samples) = (recorder.errors.total(), recorder.latency.count());
    let said = recorder
        .first_wrong
        .as_ref()
        .map(|wrong| format!("; the first wrong reply was {wrong}"));
    let kinds = recorder.errors.kinds();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    suspect(format!(
        "{failed} failed beside {samples} requests ({}){}",
        kinds.join(", "),
        said.unwrap_or_default()
    ))
}

/// Little's law holds wherever as much goes in as comes out; of what never comes out, or
/// comes out as a failure, other doubts tell.
fn unbalanced(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let flow = &evidence.measured.recorder.flow;
    let (under_way, product) = (flow.under_way_mean(), flow.throughput_times_latency());
    let told = evidence.trial.clients_unserved > 0
        || evidence.failed() > FAILED
        || evidence.is_over_full()
        || evidence.measured.recorder.requests == 0;
    // Of less than a tenth of a request under way a single slow one makes the difference.
    let same = (product - under_way).abs() <= LITTLE * under_way.max(0.1);
    if told || same {
        return None;
    }
    suspect(format!(
        "Little's law does not hold: {under_way:.3} requests were under way on average, and throughput times latency is {product:.3}; the load had not settled, so give a longer --warmup or --duration"
    ))
}

/// A trend over the window, by Kendall's rank correlation with time, as large as Theil's and Sen's slope has it.
fn unsteady(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let slices = evidence.measured.recorder.flow.slices();
    let told = evidence.trial.clients_unserved > 0 || evidence.is_over_full();
    if told || slices.iter().any(|slice| slice.replies == 0) {
        return None;
    }
    let (what, values): (_, Vec<f64>) = if evidence.load.schedule.is_some() {
        // Throughput is what was asked for; how long it takes may still grow.
        let mean = |slice: &Slice| slice.latency_ns as f64 / slice.replies as f64;
        ("latency", slices.iter().map(mean).collect())
    } else {
        let replies = slices.iter().map(|slice| slice.replies as f64);
        ("throughput", replies.collect())
    };
    let change = theil_sen(&values) * (values.len() - 1) as f64 / median(&values);
    let large = match evidence.load.schedule {
        // From one end to the other, the median in the middle.
        Some(_) => {
            (1.0 + change.abs() / 2.0) / (1.0 - change.abs() / 2.0).max(0.01) >= LATENCY_TREND
        }
        None => change.abs() >= THROUGHPUT_TREND,
    };
    if kendall_z(&values).abs() < TREND_Z || !large {
        return None;
    }
    let way = if change > 0.0 { "rose" } else { "fell" };
    let percent = change.abs() * 100.0;
    suspect(format!(
        "{what} {way} by {percent:.0} % of its median over the window: not steady; give a longer --warmup, or measure at a quieter time"
    ))
}

fn stolen(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let percent = evidence.steal * 100.0;
    (evidence.steal > STEAL)
        .then(|| {
            format!(
                "the hypervisor took {percent:.0} % of the machine's time; measure at a quieter time"
            )
        })
        .and_then(suspect)
}

fn ended_badly(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    (!evidence.orderly_end)
        .then(|| "the server did not end in order when it was asked to stop".to_owned())
        .and_then(suspect)
}

fn debug_build(_: &Evidence<'_>) -> Option<(Verdict, String)> {
    cfg!(debug_assertions)
        .then(|| "this is a debug build; measure with cargo run --release".to_owned())
        .and_then(suspect)
}

fn overflowed(evidence: &Evidence<'_>) -> Option<(Verdict, String)> {
    let overflow = evidence.measured.recorder.overflow;
    (overflow > 0)
        .then(|| format!("{overflow} times were over the hour that the histograms hold"))
        .and_then(suspect)
}

/// `950/s`, `131k/s`.
fn rate(rps: f64) -> String {
    match rps {
        rps if rps < 9_950.0 => format!("{rps:.0}/s"),
        rps => format!("{:.0}k/s", rps / 1000.0),
    }
}

/// The verdict on a trial, with its reasons.
pub(crate) fn validity(evidence: &Evidence<'_>) -> Validity {
    let found = validity::ALL.iter().filter_map(|doubt| doubt(evidence));
    let (verdicts, reasons): (Vec<Verdict>, Vec<String>) = found.unzip();
    Validity {
        verdict: verdicts.into_iter().max().unwrap_or(Verdict::Valid),
        reasons,
    }
}
