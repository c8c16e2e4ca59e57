//! What the checks on the generators of a load found, in words.

use super::units::{span, time};
use crate::record::{RankName, ValidityFinding};

/// Ranks that a sentence names; the record has all.
const MOST_NAMED: usize = 5;

/// A finding about ranks as text, without a full stop; empty for any other.
pub(super) fn sentence(finding: &ValidityFinding) -> String {
    match finding {
        ValidityFinding::MissingRanks { missing, ranks } => {
            let (measured, missing) = (ranks - missing.len().min(*ranks), numbers(missing));
            format!(
                "these are the figures of {measured} of {ranks} ranks: {missing} missing, so the \
                 throughput is not that of the whole load; add their records with rpcbench merge, or measure again"
            )
        }
        ValidityFinding::WindowsDiffer {
            shortest_s,
            longest_s,
        } => format!(
            "the window of one rank ended after {}, that of another after {}: from then on the load was \
             less than asked for, and the figures are those of the longest window; measure again",
            span(*shortest_s),
            span(*longest_s)
        ),
        ValidityFinding::RanksApart { apart_ns } => format!(
            "the ranks began up to {} apart, so they did not load the server together the whole time; \
             give a later start, and look for busy hosts",
            time(*apart_ns as f64)
        ),
        ValidityFinding::SaturatedRanks { ranks, busy_share } => format!(
            "{} used up to {:.0} % of a core per thread, so the load may be less than asked for; \
             use more ranks, or more --client-threads",
            named(ranks),
            busy_share * 100.0
        ),
        ValidityFinding::Stragglers {
            ranks,
            p50_ns,
            usual_p50_ns,
        } => format!(
            "{}: p50 of response time is {}, where the median rank has {}; the quantiles mix both, \
             so look at the host and its network, or measure without it",
            named(ranks),
            time(*p50_ns as f64),
            time(*usual_p50_ns as f64)
        ),
        _ => String::new(),
    }
}

fn numbers(ranks: &[usize]) -> String {
    let shown: Vec<String> = ranks
        .iter()
        .take(MOST_NAMED)
        .map(ToString::to_string)
        .collect();
    let (shown, more) = (shown.join(", "), ranks.len().saturating_sub(MOST_NAMED));
    match (ranks.len(), more) {
        (1, _) => format!("rank {shown} is"),
        (_, 0) => format!("ranks {shown} are"),
        _ => format!("ranks {shown} and {more} others are"),
    }
}

fn named(ranks: &[RankName]) -> String {
    let name = |one: &RankName| format!("rank {} on {}", one.rank, one.host);
    let shown: Vec<String> = ranks.iter().take(MOST_NAMED).map(name).collect();
    match ranks.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} others", shown.join(", ")),
    }
}
