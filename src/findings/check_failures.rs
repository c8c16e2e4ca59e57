//! What failed in a check, in sentences: `candidate was ended by SIGABRT in 3 of 23 starts, baseline
//! in none`.

use super::check_words::sides;
use super::units::{count, some};
use crate::record::{CheckInfo, FailureCount, FailureKind, Part};

/// A kind of failure in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureLine {
    /// The sentence, without a full stop.
    pub text: String,
    /// Whether the candidate has it in more starts than the baseline, or more of it, by the fault of its
    /// server.
    pub is_the_candidates: bool,
}

/// The failures of a part, the most serious first. Those of the candidate alone come before those of
/// both.
pub fn failures(check: &CheckInfo, part: &Part) -> Vec<FailureLine> {
    let kinds = part.reliability.iter().flat_map(|found| &found.kinds);
    let (own, shared): (Vec<_>, Vec<_>) = kinds.partition(|kind| kind.starts[0] == 0);
    let all = own.into_iter().chain(shared);
    let line = |kind: &FailureCount| FailureLine {
        text: sentence(check, kind),
        is_the_candidates: kind.is_the_servers
            && (kind.rules_out_pass || kind.starts[1] > kind.starts[0]),
    };
    all.map(line).collect()
}

/// One kind of failure on both sides.
fn sentence(check: &CheckInfo, failure: &FailureCount) -> String {
    let names = sides(check);
    // The side that failed is the subject; where both did, the candidate.
    let (subject, other) = if failure.starts[1] > 0 {
        (1, 0)
    } else {
        (0, 1)
    };
    let starts = |side: usize| match failure.starts[side] {
        0 => "none".to_owned(),
        starts => starts.to_string(),
    };
    let what = &failure.what;
    let (predicate, more) = match failure.kind {
        FailureKind::Died | FailureKind::NotStarted if !what.is_empty() => (what.as_str(), ""),
        kind => (predicate(kind), what.as_str()),
    };
    let number = number(failure, subject);
    let notes = [number.as_str(), more].into_iter();
    let notes: Vec<&str> = notes.filter(|note| !note.is_empty()).collect();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join("; "))
    };
    format!(
        "{} {predicate} in {} of {} starts{notes}, {} in {}",
        names[subject],
        starts(subject),
        failure.of,
        names[other],
        starts(other)
    )
}

/// How many requests, connections or clients it concerns; empty for a whole server.
fn number(failure: &FailureCount, side: usize) -> String {
    let number = failure.counts[side];
    match failure.kind {
        FailureKind::WrongReplies => format!("{} in all", some(number, "request")),
        FailureKind::Resets | FailureKind::Timeouts | FailureKind::MissingReplies => {
            some(number, "request")
        }
        FailureKind::Connects => some(number, "connect"),
        FailureKind::Workers | FailureKind::ClientsUnserved | FailureKind::WarmUp => {
            format!("{} in all", count(number))
        }
        FailureKind::NotStarted
        | FailureKind::Died
        | FailureKind::NoReplies
        | FailureKind::UncleanStop
        | FailureKind::RateNotKept
        | FailureKind::Steal
        | FailureKind::Invalid => String::new(),
    }
}

fn predicate(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotStarted => "did not start",
        FailureKind::Died => "ended",
        FailureKind::NoReplies => "gave no correct reply",
        FailureKind::ClientsUnserved => "left clients unserved",
        FailureKind::WrongReplies => "gave wrong replies",
        FailureKind::Connects => "refused or failed connects",
        FailureKind::Resets => "closed or reset connections with requests in flight",
        FailureKind::Timeouts => "did not reply in time",
        FailureKind::MissingReplies => "left requests without a reply",
        FailureKind::WarmUp => "failed requests or connects in the warm-up",
        FailureKind::Workers => "had handlers that panicked, or workers that ended or hung",
        FailureKind::UncleanStop => "did not stop cleanly",
        FailureKind::RateNotKept => "did not keep the rate",
        FailureKind::Steal => "was measured while the hypervisor took time from the machine",
        FailureKind::Invalid => "could not be measured",
    }
}
