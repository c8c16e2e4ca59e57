//! Why a part has its outcome, where its findings alone do not say it, as text.

use super::part_pairs::PartPairs;
use super::reliability::is_unmeasurable;
use crate::record::{FailureCount, FailureKind, Outcome, Reliability, SlowStarts};

/// The reasons, the most serious first. Failures of the candidate are told with every outcome.
pub(super) fn reasons(
    part: &PartPairs,
    outcome: Outcome,
    reliability: &Reliability,
    slow: Option<SlowStarts>,
) -> Vec<String> {
    let mut reasons: Vec<String> = reliability.kinds.iter().map(failures).collect();
    if outcome == Outcome::Invalid {
        reasons.insert(0, invalid(part, reliability));
    }
    if let Some(slow) = slow {
        let [baseline, candidate] = slow.starts;
        reasons.push(format!(
            "{candidate} of {} starts of the candidate were far slower than usual, and {baseline} of the baseline",
            slow.of
        ));
    }
    let is_measured = part.pairs.iter().any(|pair| {
        let mut loads = pair.loads.iter();
        loads.any(|load| !load.values.is_empty())
    });
    if !is_measured && reasons.is_empty() {
        reasons.push("no gated metric could be measured".to_owned());
    }
    reasons
}

fn invalid(part: &PartPairs, reliability: &Reliability) -> String {
    if reliability.both_leave_clients_unserved {
        return format!(
            "both sides leave some of the {} clients unserved: measure with as many clients as the server serves (--clients)",
            part.clients
        );
    }
    let unmeasurable = part.pairs.iter().filter(|pair| is_unmeasurable(pair));
    format!(
        "neither side could be measured in {} of {} pairs",
        unmeasurable.count(),
        part.pairs.len()
    )
}

/// `the server ended in 3 of 23 starts of the candidate and in none of the baseline (…)`.
fn failures(count: &FailureCount) -> String {
    let starts = |side: usize| match count.starts[side] {
        0 => "none".to_owned(),
        starts => starts.to_string(),
    };
    let what = match count.what.as_str() {
        "" => String::new(),
        what => format!(" ({what})"),
    };
    format!(
        "{} in {} of {} starts of the candidate, and in {} of the baseline{what}",
        title(count.kind),
        starts(1),
        count.of,
        starts(0)
    )
}

fn title(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotStarted => "the server did not start",
        FailureKind::Died => "the server ended during the trial",
        FailureKind::NoReplies => "no correct reply arrived",
        FailureKind::ClientsUnserved => "clients were left unserved",
        FailureKind::WrongReplies => "requests failed: wrong replies",
        FailureKind::Connects => "connects failed",
        FailureKind::Resets => "requests failed: connections were closed or reset",
        FailureKind::Timeouts => "requests failed: no reply in time",
        FailureKind::MissingReplies => "requests had no reply",
        FailureKind::WarmUp => "requests or connects failed in the warm-up",
        FailureKind::Workers => "handlers panicked, or workers ended or hung",
        FailureKind::UncleanStop => "the server did not stop cleanly",
        FailureKind::RateNotKept => "the rate was not kept",
        FailureKind::Steal => "the hypervisor took time from the machine",
        FailureKind::Invalid => "the trial was invalid",
    }
}
