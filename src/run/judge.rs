//! Whether a trial is to be believed: the reasons against it, in words, with what to do.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::environment;
use crate::load::Measured;
use crate::load::sample::Quantile;
use crate::load::worker::Effort;
use crate::record::{GeneratorSide, KEPT_UP, Lag, Validity, Verdict};

/// A generator that is busy or waiting for a core for more than this share of the window is the limit.
const LIMIT_BUSY: f64 = 0.9;
/// More than this share of the machine's time taken by its hypervisor spoils a trial.
const STEAL: f64 = 0.05;
/// A generator whose median lag is over this share of the median latency measures itself.
const LATE: f64 = 0.5;
/// More than this share of requests failed is worth a word.
const FAILED: f64 = 0.01;

/// What the machine did to a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    /// The share of all cores' time that the hypervisor took.
    pub(super) steal: f64,
    /// Whether the server ended as it should.
    pub(super) orderly_end: bool,
    /// Whether this is a debug build, whose server and generator are slow.
    pub(super) debug_build: bool,
}

/// The generator's own figures.
///
/// `planned` is how many requests an open loop had planned inside the window.
pub(super) fn generator(measured: &Measured, planned: Option<u64>) -> GeneratorSide {
    let share = |of: &dyn Fn(&Effort) -> Duration| {
        let shares = measured
            .efforts
            .iter()
            .map(|effort| of(effort).as_secs_f64() / effort.elapsed.as_secs_f64());
        shares.filter(|share| share.is_finite()).fold(0.0, f64::max)
    };
    let cpu: f64 = measured
        .efforts
        .iter()
        .map(|effort| effort.cpu.as_secs_f64())
        .sum();
    let requests = measured.recorder.requests;
    let kept_busy = share(&|effort| effort.cpu + effort.run_delay) >= LIMIT_BUSY;
    // An open loop that kept up with its plan was not limited by whatever was busy.
    let kept_up = planned.is_some_and(|planned| requests as f64 >= KEPT_UP * planned as f64);
    GeneratorSide {
        threads: measured.efforts.len(),
        cpu_us_per_request: (requests > 0).then(|| cpu * 1e6 / requests as f64),
        busy_fraction: share(&|effort| effort.cpu),
        run_delay_s: measured
            .efforts
            .iter()
            .map(|effort| effort.run_delay.as_secs_f64())
            .fold(0.0, f64::max),
        limited: kept_busy && !kept_up,
        lag_ns: planned
            .map(|_| lag(&measured.recorder.lag))
            .unwrap_or_default(),
    }
}

fn lag(lag: &Histogram<u64>) -> Lag {
    let at = |q| (!lag.is_empty()).then(|| lag.value_at_quantile(q));
    Lag {
        p50: at(0.5),
        p99: at(0.99),
        max: at(1.0),
    }
}

/// The verdict on a trial, with its reasons.
pub(super) fn validity(
    measured: &Measured,
    generator: &GeneratorSide,
    around: Surroundings,
) -> Validity {
    let recorder = &measured.recorder;
    let mut verdict = Verdict::Valid;
    let mut reasons = Vec::new();
    let mut says = |of: Verdict, reason: String| {
        verdict = verdict.max(of);
        reasons.push(reason);
    };
    if recorder.requests == 0 {
        says(
            Verdict::Invalid,
            "no right reply came inside the window; give a longer --duration, or see the errors"
                .into(),
        );
    }
    if generator.limited {
        says(Verdict::Suspect, limited(generator, measured));
    }
    let latency_p50 = recorder
        .latency
        .quantile(0.5)
        .map_or(0, Quantile::at_least_ns);
    if let Some(lag) = generator
        .lag_ns
        .p50
        .filter(|lag| *lag as f64 > LATE * latency_p50 as f64)
    {
        let (lag, latency) = (lag / 1000, latency_p50 / 1000);
        says(
            Verdict::Suspect,
            format!(
                "half of the requests were sent over {lag} µs late, of a median of {latency} µs; lower the --rate"
            ),
        );
    }
    let (failed, samples) = (recorder.errors.total(), recorder.latency.count().max(1));
    if failed as f64 > FAILED * samples as f64 {
        let said = recorder
            .first_wrong
            .as_ref()
            .map(|wrong| format!("; the first wrong reply was {wrong}"));
        let said = said.unwrap_or_default();
        let kinds = recorder.errors.kinds();
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        says(
            Verdict::Suspect,
            format!(
                "{failed} failed beside {samples} requests ({}){said}",
                kinds.join(", ")
            ),
        );
    }
    if around.steal > STEAL {
        let percent = around.steal * 100.0;
        says(
            Verdict::Suspect,
            format!(
                "the hypervisor took {percent:.0} % of the machine's time; measure at a quieter time"
            ),
        );
    }
    if !around.orderly_end {
        says(
            Verdict::Suspect,
            "the server did not end in order when it was asked to stop".into(),
        );
    }
    if around.debug_build {
        says(
            Verdict::Suspect,
            "this is a debug build; measure with cargo run --release".into(),
        );
    }
    if recorder.overflow > 0 {
        let overflow = recorder.overflow;
        says(
            Verdict::Suspect,
            format!("{overflow} times were over the hour that the histograms hold"),
        );
    }
    Validity { verdict, reasons }
}

fn limited(generator: &GeneratorSide, measured: &Measured) -> String {
    let busy = generator.busy_fraction * 100.0;
    let window = measured
        .efforts
        .first()
        .map_or(1.0, |effort| effort.elapsed.as_secs_f64());
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
    format!(
        "the load generator was the limit: it used a core for {busy:.0} % of the time{waited}; {remedy}"
    )
}
