//! What the checks on a trial found, in words: what was measured, what it means, what to do.

use super::no_reply_sentences::cause_and_remedy;
use super::units::span;
use super::{rank_sentences, trend_sentences};
use crate::record::{ErrorCounts, Validity, ValidityFinding};

/// A generator's thread that waited for a core for more than this share of the window shows that
/// there are too few cores.
const MAX_WAITED_SHARE: f64 = 0.05;

/// The finding at `at` as text. The words of an unknown or old finding are those of the record.
pub(crate) fn reason(validity: &Validity, at: usize) -> Option<String> {
    let finding = validity.findings.get(at)?;
    let stored = validity.reasons.get(at);
    Some(match (finding, stored) {
        (ValidityFinding::Unknown { .. }, Some(text)) => text.clone(),
        _ => sentence(finding),
    })
}

/// A finding as text, without a full stop.
pub fn sentence(finding: &ValidityFinding) -> String {
    match finding {
        ValidityFinding::NoReplies { cause } => format!(
            "no correct reply arrived inside the window, so the trial has no result; {}",
            cause_and_remedy(cause)
        ),
        ValidityFinding::EndedEarly { planned_s, measured_s } => format!(
            "this trial was ended by Ctrl-C after {} of {}, so its figures are of that time only and are not ranked; measure it again",
            span(*measured_s),
            span(*planned_s)
        ),
        ValidityFinding::GeneratorLimited { busy_share, waited_share, threads, cores } => {
            generator_limited(*busy_share, *waited_share, *threads, *cores)
        }
        ValidityFinding::OverCapacity { offered_rps, achieved_rps } => format!(
            "offered {}, achieved {}: the rate was over capacity, so the latencies depend only on the length of the run; give a lower rate",
            rate(*offered_rps),
            rate(*achieved_rps)
        ),
        ValidityFinding::StillConnecting { ramp_s } => format!(
            "connections were still being made when the window began, so the window includes connecting; give a --warmup of {} or more",
            // Rounded up, because a shorter warm-up would not be enough.
            span((ramp_s * 100.0).ceil() / 100.0)
        ),
        ValidityFinding::SchedulingDelay { lag_p50_ns, latency_p50_ns, undelayed_p50_ns } => {
            scheduling_delay(*lag_p50_ns, *latency_p50_ns, *undelayed_p50_ns)
        }
        ValidityFinding::NoStamps { unstamped, replies } => format!(
            "{unstamped} of {replies} replies have no time stamp of the kernel, so their response and service times include the time until the generator read them"
        ),
        ValidityFinding::ClientPriority { asked, got } => format!(
            "the load generator ended with {} priority instead of {}: a higher one is not permitted (rpcbench doctor), or one of its threads used over 70 % of a core",
            got.name(),
            asked.name()
        ),
        ValidityFinding::Failures { errors, samples, first_wrong } => {
            failures(errors, *samples, first_wrong.as_deref())
        }
        ValidityFinding::LittlesLaw { under_way_mean, throughput_times_latency } => format!(
            "Little's law does not hold: {under_way_mean:.3} requests were in progress on average, but throughput times latency is {throughput_times_latency:.3}: the load had not reached a steady state; give a longer --warmup or --duration"
        ),
        ValidityFinding::Trend { metric, change_share, cause } => {
            trend_sentences::sentence(*metric, *change_share, *cause)
        }
        ValidityFinding::HypervisorSteal { stolen_share } => format!(
            "the hypervisor took {:.0} % of the machine's time, so the results depend on other virtual machines; measure when the host is less busy",
            stolen_share * 100.0
        ),
        ValidityFinding::UncleanStop {} => "the server did not stop cleanly when it was asked to stop, so it may have failed during the trial; read its error output".to_owned(),
        ValidityFinding::DebugBuild {} => "this is a debug build, so the results do not apply to a release build; measure with cargo run --release".to_owned(),
        ValidityFinding::HistogramOverflow { times } => format!(
            "{times} measured times were over one hour, the maximum of the histograms, so the quantiles do not include them; give a shorter --timeout"
        ),
        ValidityFinding::MissingRanks { .. }
        | ValidityFinding::RanksApart { .. }
        | ValidityFinding::WindowsDiffer { .. }
        | ValidityFinding::SaturatedRanks { .. }
        | ValidityFinding::Stragglers { .. } => rank_sentences::sentence(finding),
        ValidityFinding::Legacy { text } => text.clone(),
        ValidityFinding::Unknown { code, .. } => format!(
            "a newer version of this program found {code}; read the record with that version"
        ),
    }
}

fn scheduling_delay(lag_ns: u64, latency_ns: u64, undelayed_ns: Option<u64>) -> String {
    let micros = |ns: u64| ns as f64 / 1000.0;
    let (lag, latency) = (micros(lag_ns), micros(latency_ns));
    match undelayed_ns.map(micros) {
        Some(without) => format!(
            "the median latency is {latency:.0} µs, but {without:.0} µs without the scheduling delay of the generator, so it depends on the generator; give a lower rate, or the generator cores of its own"
        ),
        // The rule of older versions.
        None => format!(
            "the generator sent half of the requests over {lag:.0} µs late, and the median latency is {latency:.0} µs, so much of the latency is scheduling delay of the generator; give a lower rate"
        ),
    }
}

fn generator_limited(busy_share: f64, waited_share: f64, threads: usize, cores: usize) -> String {
    format!(
        "the load generator was the limit: it {}, so the server may be faster than measured; {}",
        generator_use(busy_share, waited_share),
        generator_remedy(waited_share, threads, cores)
    )
}

/// How busy a generator was that limited the throughput, and what to do; `None` for another
/// finding.
pub(crate) fn generator_note(finding: &ValidityFinding) -> Option<String> {
    match finding {
        ValidityFinding::GeneratorLimited {
            busy_share,
            waited_share,
            threads,
            cores,
        } => Some(format!(
            "it {}; {}",
            generator_use(*busy_share, *waited_share),
            generator_remedy(*waited_share, *threads, *cores)
        )),
        _ => None,
    }
}

fn generator_use(busy_share: f64, waited_share: f64) -> String {
    let waited = if waited_share > MAX_WAITED_SHARE {
        format!(" and waited for a core for {:.0} %", waited_share * 100.0)
    } else {
        String::new()
    };
    format!(
        "used a core for {:.0} % of the time{waited}",
        busy_share * 100.0
    )
}

/// More threads help only if there are cores that neither generator nor server uses.
fn generator_remedy(waited_share: f64, threads: usize, cores: usize) -> &'static str {
    let is_short_of_cores = waited_share > MAX_WAITED_SHARE;
    if cores > threads.saturating_mul(2) && !is_short_of_cores {
        "give a higher --client-threads"
    } else {
        "compare at one rate instead (--rate), or use a machine with more cores"
    }
}

fn failures(errors: &ErrorCounts, samples: u64, first_wrong: Option<&str>) -> String {
    let kinds = errors.kinds();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let first_wrong = first_wrong.map(|wrong| format!("; the first wrong reply was {wrong}"));
    format!(
        "{} requests or connects failed ({}), compared with {samples} requests in the sample; the throughput does not include them; find the cause{}",
        errors.total(),
        kinds.join(", "),
        first_wrong.unwrap_or_default()
    )
}

/// Such as `950/s` or `131k/s`.
fn rate(rps: f64) -> String {
    match rps {
        rps if rps < 9_950.0 => format!("{rps:.0}/s"),
        rps => format!("{:.0}k/s", rps / 1000.0),
    }
}
